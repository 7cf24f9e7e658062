// A device without a browser shows a code; typed here, its user lets it in.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Result from 'antd/es/result'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { decideDevice, deviceRequest, type Authorization } from '../api/federation'
import { useErrorText } from '../frame/useErrorText'
import { ConsentCard } from './ConsentCard'

export function DevicePage() {
  const { t } = useTranslation()
  const [parameters] = useSearchParams()
  const [code, setCode] = useState(parameters.get('user_code') ?? '')
  const [asked, setAsked] = useState<Authorization | null>(null)
  const [decided, setDecided] = useState<boolean | null>(null)
  const [error, setError] = useState<string | null>(null)
  const errorText = useErrorText()

  async function look(event: FormEvent) {
    event.preventDefault()
    setError(null)
    try {
      setAsked(await deviceRequest(code))
    } catch (failure) {
      setError(errorText(failure))
    }
  }

  if (decided !== null)
    return (
      <Result
        status={decided ? 'success' : 'info'}
        title={t(decided ? 'federation.deviceAllowed' : 'federation.deviceDenied')}
      />
    )
  if (asked !== null)
    return (
      <ConsentCard
        asked={asked}
        note={`${t('federation.deviceCode')}: ${code.toUpperCase()}`}
        onDecide={async (allow) => {
          await decideDevice(code, allow)
          setDecided(allow)
        }}
      />
    )
  return (
    <section className="card consent" aria-labelledby="device-title">
      <h1 id="device-title">{t('federation.deviceTitle')}</h1>
      <p className="muted">{t('federation.deviceLead')}</p>
      <form className="sign-in-form" onSubmit={(event) => void look(event)}>
        <div className="field">
          <label htmlFor="device-code">{t('federation.deviceCode')}</label>
          <Input
            id="device-code"
            size="large"
            className="mono"
            autoFocus
            autoComplete="off"
            maxLength={20}
            value={code}
            onChange={(event) => setCode(event.target.value)}
          />
        </div>
        {error !== null && <Alert type="error" showIcon role="alert" title={error} />}
        <Button type="primary" size="large" htmlType="submit" disabled={code.trim() === ''} block>
          {t('federation.deviceNext')}
        </Button>
      </form>
    </section>
  )
}
