// User name and password; used by the sign-in page and when a session has ended.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, setCsrfToken } from '../api/client'
import { signIn } from '../api/endpoints'
import type { Language } from '../api/types'
import { useErrorText } from './useErrorText'

export function SignInForm({ username: known, onSignedIn }: { username?: string; onSignedIn: () => void }) {
  const { t, i18n } = useTranslation()
  const errorText = useErrorText()
  const [username, setUsername] = useState(known ?? '')
  const [password, setPassword] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (username.trim() === '' || password === '') {
      setError(t('signIn.incomplete'))
      return
    }
    setBusy(true)
    setError(null)
    try {
      const answer = await signIn(username.trim(), password, i18n.language as Language)
      setCsrfToken(answer.csrf_token)
      setPassword('')
      onSignedIn()
    } catch (failure) {
      const code = failure instanceof ApiError ? failure.problems[0]?.errorCode : undefined
      setError(code === 'INVALID_LOGIN' ? t('signIn.wrong') : errorText(failure))
    } finally {
      setBusy(false)
    }
  }

  return (
    <form className="sign-in-form" onSubmit={(event) => void submit(event)} noValidate>
      {error !== null && <Alert type="error" showIcon title={error} role="alert" />}
      <div className="field">
        <label htmlFor="sign-in-username">{t('signIn.username')}</label>
        <Input
          id="sign-in-username"
          size="large"
          autoComplete="username"
          autoFocus={known === undefined}
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
      </div>
      <div className="field">
        <label htmlFor="sign-in-password">{t('signIn.password')}</label>
        <Input.Password
          id="sign-in-password"
          size="large"
          autoComplete="current-password"
          autoFocus={known !== undefined}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </div>
      <Button type="primary" size="large" htmlType="submit" loading={isBusy} block>
        {t('signIn.submit')}
      </Button>
    </form>
  )
}
