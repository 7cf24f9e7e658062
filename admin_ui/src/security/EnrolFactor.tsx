// A new second factor: an authenticator app by a picture and its first code, or a passkey of this device.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import QRCode from 'antd/es/qr-code'
import Segmented from 'antd/es/segmented'
import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client'
import { addPasskey, askRegistration, beginTotp, confirmTotp, type Enrolled } from '../api/security'
import { hasPasskeys, isGivenUp, makePasskey } from '../frame/passkeys'
import { ErrorState, Lines } from '../frame/states'
import { useErrorText } from '../frame/useErrorText'

type Kind = 'totp' | 'passkey'

/** `onEnrolled` gets the recovery codes, if these are the first. */
export function EnrolFactor({ onEnrolled }: { onEnrolled: (codes: string[]) => void }) {
  const { t } = useTranslation()
  const [kind, setKind] = useState<Kind>('totp')

  const done = (answer: Enrolled) => onEnrolled(answer.recovery_codes)

  return (
    <div className="enrol">
      {hasPasskeys() && (
        <Segmented<Kind>
          block
          value={kind}
          onChange={setKind}
          options={(['totp', 'passkey'] as const).map((value) => ({ value, label: t(`security.kinds.${value}`) }))}
        />
      )}
      {kind === 'totp' ? <App onDone={done} /> : <Passkey onDone={done} />}
    </div>
  )
}

function App({ onDone }: { onDone: (answer: Enrolled) => void }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const begun = useQuery({ queryKey: ['security', 'totp'], queryFn: beginTotp, staleTime: Infinity, gcTime: 0 })
  const [code, setCode] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)

  if (begun.error) return <ErrorState error={begun.error} onRetry={() => void begun.refetch()} />
  if (begun.data === undefined) return <Lines />
  const { id, uri, secret } = begun.data

  async function submit(event: FormEvent) {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      onDone(await confirmTotp(id, code, t('security.kinds.totp')))
    } catch (failure) {
      const wrong = failure instanceof ApiError && failure.problems[0]?.errorCode === 'VERIFICATION_FAILED'
      setError(wrong ? t('security.notRight') : errorText(failure))
    } finally {
      setBusy(false)
    }
  }

  return (
    <form className="sign-in-form" onSubmit={(event) => void submit(event)} noValidate>
      <p>{t('security.scan')}</p>
      <div className="enrol-picture">
        <QRCode value={uri} size={184} bordered={false} bgColor="#ffffff" color="#000000" />
      </div>
      <p className="field-help">
        {t('security.typeSecret')} <code className="secret" data-testid="totp-secret">{secret.match(/.{1,4}/g)?.join(' ')}</code>
      </p>
      {error !== null && <Alert type="error" showIcon title={error} role="alert" />}
      <div className="field">
        <label htmlFor="first-code">{t('security.firstCode')}</label>
        <Input
          id="first-code"
          size="large"
          className="code-input"
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={7}
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
      </div>
      <Button type="primary" htmlType="submit" size="large" block loading={isBusy} disabled={code.trim().length < 6}>
        {t('security.turnOn')}
      </Button>
    </form>
  )
}

function Passkey({ onDone }: { onDone: (answer: Enrolled) => void }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [label, setLabel] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)

  async function submit(event: FormEvent) {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      const made = await makePasskey(await askRegistration())
      onDone(await addPasskey(made, label.trim() || t('security.kinds.passkey')))
    } catch (failure) {
      const isKnown = failure instanceof DOMException && failure.name === 'InvalidStateError'
      if (isKnown) setError(t('security.passkeyThere'))
      else if (!isGivenUp(failure)) setError(errorText(failure))
    } finally {
      setBusy(false)
    }
  }

  return (
    <form className="sign-in-form" onSubmit={(event) => void submit(event)} noValidate>
      <p>{t('security.passkeyLead')}</p>
      {error !== null && <Alert type="error" showIcon title={error} role="alert" />}
      <div className="field">
        <label htmlFor="passkey-label">{t('security.factorName')}</label>
        <Input
          id="passkey-label"
          size="large"
          maxLength={60}
          placeholder={t('security.factorNameHint')}
          value={label}
          onChange={(event) => setLabel(event.target.value)}
        />
      </div>
      <Button type="primary" htmlType="submit" size="large" block loading={isBusy}>
        {t('security.makePasskey')}
      </Button>
    </form>
  )
}
