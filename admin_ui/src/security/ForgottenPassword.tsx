// Asks for a link by e-mail; the answer is the same whether or not there is such a user.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { forgotPassword } from '../api/security'
import type { Language } from '../api/types'
import { useErrorText } from '../frame/useErrorText'

export function ForgottenPassword({ username: known, onBack }: { username: string; onBack: () => void }) {
  const { t, i18n } = useTranslation()
  const errorText = useErrorText()
  const [username, setUsername] = useState(known)
  const [state, setState] = useState<'asking' | 'busy' | 'sent'>('asking')
  const [error, setError] = useState<string | null>(null)

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (username.trim() === '') return
    setState('busy')
    setError(null)
    try {
      await forgotPassword(username.trim(), i18n.language as Language)
      setState('sent')
    } catch (failure) {
      setError(errorText(failure))
      setState('asking')
    }
  }

  return (
    <form className="sign-in-form" onSubmit={(event) => void submit(event)} noValidate>
      {state === 'sent' ? (
        <Alert type="success" showIcon role="status" title={t('security.linkSent')} />
      ) : (
        <>
          {error !== null && <Alert type="error" showIcon title={error} role="alert" />}
          <p className="muted">{t('security.forgottenLead')}</p>
          <div className="field">
            <label htmlFor="forgotten-username">{t('signIn.username')}</label>
            <Input
              id="forgotten-username"
              size="large"
              autoFocus
              autoComplete="username"
              value={username}
              onChange={(event) => setUsername(event.target.value)}
            />
          </div>
          <Button type="primary" size="large" htmlType="submit" block loading={state === 'busy'}>
            {t('security.sendLink')}
          </Button>
        </>
      )}
      <Button type="link" onClick={onBack}>
        {t('security.backToSignIn')}
      </Button>
    </form>
  )
}
