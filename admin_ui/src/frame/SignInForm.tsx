// User name and password, or a passkey, and whatever more is asked for; on the sign-in page and when a session has ended.
import { KeyOutlined } from '@ant-design/icons'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import { lazy, Suspense, useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client'
import { askPasskey, signIn, signInWithPasskey, type SignInAnswer } from '../api/security'
import type { Language } from '../api/types'
import { SsoChoice, useSignInOptions } from '../federation/SsoChoice'
import { hasPasskeys, isGivenUp, showPasskey } from './passkeys'
import { Lines } from './states'
import { useErrorText } from './useErrorText'

const PendingSteps = lazy(async () => ({ default: (await import('../security/PendingSteps')).PendingSteps }))
const ForgottenPassword = lazy(async () => ({
  default: (await import('../security/ForgottenPassword')).ForgottenPassword,
}))

interface SignInFormProps {
  username?: string
  /** The browser has a session that lacks something yet. */
  isPending?: boolean
  onSignedIn: () => void
}

export function SignInForm({ username: known, isPending = false, onSignedIn }: SignInFormProps) {
  const { t, i18n } = useTranslation()
  const errorText = useErrorText()
  const [username, setUsername] = useState(known ?? '')
  const [password, setPassword] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const options = useSignInOptions(username)
  const [step, setStep] = useState<'password' | 'pending' | 'forgotten'>(isPending ? 'pending' : 'password')

  async function attempt(show: () => Promise<SignInAnswer>) {
    setBusy(true)
    setError(null)
    try {
      const answer = await show()
      if (answer.pending !== null) setStep('pending')
      else finish()
    } catch (failure) {
      if (isGivenUp(failure)) return
      const code = failure instanceof ApiError ? failure.problems[0]?.errorCode : undefined
      setError(code === 'INVALID_LOGIN' ? t('signIn.wrong') : errorText(failure))
    } finally {
      setBusy(false)
    }
  }

  function finish() {
    setPassword('')
    onSignedIn()
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    if (username.trim() === '' || password === '') setError(t('signIn.incomplete'))
    else void attempt(() => signIn(username.trim(), password, i18n.language as Language))
  }

  if (step === 'pending')
    return (
      <Suspense fallback={<Lines />}>
        <PendingSteps username={username} password={password === '' ? undefined : password} onDone={finish} />
      </Suspense>
    )
  if (step === 'forgotten')
    return (
      <Suspense fallback={<Lines />}>
        <ForgottenPassword username={username} onBack={() => setStep('password')} />
      </Suspense>
    )
  return (
    <form className="sign-in-form" onSubmit={submit} noValidate>
      {error !== null && <Alert type="error" showIcon title={error} role="alert" />}
      <SsoChoice options={options} />
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
      {hasPasskeys() && (
        <Button
          size="large"
          block
          icon={<KeyOutlined aria-hidden />}
          onClick={() =>
            void attempt(async () => signInWithPasskey(await showPasskey(await askPasskey()), i18n.language as Language))
          }
        >
          {t('security.signInWithPasskey')}
        </Button>
      )}
      <Button type="link" className="sign-in-forgotten" onClick={() => setStep('forgotten')}>
        {t('security.forgotten')}
      </Button>
    </form>
  )
}
