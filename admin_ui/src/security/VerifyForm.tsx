// Show that it is you: with a passkey, a code, or the password; whatever the server says will do.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client'
import { askVerification, verify, type Method } from '../api/security'
import { hasPasskeys, isGivenUp, showPasskey } from '../frame/passkeys'
import { useErrorText } from '../frame/useErrorText'

export function VerifyForm({ methods, onVerified }: { methods: Method[]; onVerified: () => void }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const offered = methods.filter((each) => each !== 'passkey' || hasPasskeys())
  const [chosen, setChosen] = useState<Method | null>(null)
  const [typed, setTyped] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const method = chosen ?? offered[0]

  async function attempt(show: () => ReturnType<typeof verify>) {
    setBusy(true)
    setError(null)
    try {
      await show()
      setTyped('')
      onVerified()
    } catch (failure) {
      if (isGivenUp(failure)) return
      const code = failure instanceof ApiError ? failure.problems[0]?.errorCode : undefined
      setError(code === 'VERIFICATION_FAILED' ? t('security.notRight') : errorText(failure))
      setTyped('')
    } finally {
      setBusy(false)
    }
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    if (method === undefined || isBusy) return
    if (method === 'passkey')
      void attempt(async () => verify({ method, ...(await showPasskey(await askVerification())) }))
    else if (typed.trim() !== '')
      void attempt(() => verify({ method, [method === 'password' ? 'password' : 'code']: typed }))
  }

  if (method === undefined) return <Alert type="warning" showIcon title={t('security.noMethod')} />
  return (
    <form className="sign-in-form" onSubmit={submit} noValidate>
      {error !== null && <Alert type="error" showIcon title={error} role="alert" />}
      {method === 'passkey' ? (
        <p className="muted">{t('security.passkeyHint')}</p>
      ) : (
        <div className="field">
          <label htmlFor="verify">{t(`security.methods.${method}`)}</label>
          {method === 'password' ? (
            <Input.Password
              id="verify"
              size="large"
              autoFocus
              autoComplete="current-password"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          ) : (
            <Input
              id="verify"
              size="large"
              autoFocus
              className="code-input"
              autoComplete="one-time-code"
              inputMode={method === 'totp' ? 'numeric' : 'text'}
              maxLength={method === 'totp' ? 7 : 16}
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
          {method === 'totp' && <span className="field-help">{t('security.totpHint')}</span>}
        </div>
      )}
      <Button type="primary" size="large" htmlType="submit" loading={isBusy} block>
        {method === 'passkey' ? t('security.usePasskey') : t('security.goOn')}
      </Button>
      {offered.length > 1 && (
        <div className="row-tight wrap">
          {offered
            .filter((each) => each !== method)
            .map((each) => (
              <Button key={each} type="link" size="small" onClick={() => (setChosen(each), setError(null))}>
                {t('security.instead', { method: t(`security.methods.${each}`) })}
              </Button>
            ))}
        </div>
      )}
    </form>
  )
}
