// Allow or deny: the same card for apps in the browser and for devices.
import { AppstoreOutlined } from '@ant-design/icons'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Authorization } from '../api/federation'
import { useSession } from '../frame/session'
import { useErrorText } from '../frame/useErrorText'
import { ScopeList } from './ScopeList'

interface ConsentCardProps {
  asked: Authorization
  note?: string
  onDecide: (allow: boolean) => Promise<void>
}

export function ConsentCard({ asked, note, onDecide }: ConsentCardProps) {
  const { t } = useTranslation()
  const { user } = useSession()
  const errorText = useErrorText()
  const [busy, setBusy] = useState<boolean | null>(null)
  const [error, setError] = useState<string | null>(null)

  async function decide(allow: boolean) {
    setBusy(allow)
    setError(null)
    try {
      await onDecide(allow)
    } catch (failure) {
      setError(errorText(failure))
    } finally {
      setBusy(null)
    }
  }

  return (
    <section className="card consent" aria-labelledby="consent-title">
      <AppstoreOutlined className="consent-mark" aria-hidden />
      <h1 id="consent-title">{t('federation.asks', { app: asked.app.label })}</h1>
      {asked.app.description && <p>{asked.app.description}</p>}
      <p className="muted">{t('federation.asksLead', { user: `${user.name} (${user.username})` })}</p>
      <ScopeList scopes={asked.scopes} />
      {error !== null && <Alert type="error" showIcon role="alert" title={error} />}
      <div className="consent-acts">
        <Button type="primary" size="large" loading={busy === true} onClick={() => void decide(true)}>
          {t('federation.allow')}
        </Button>
        <Button size="large" loading={busy === false} onClick={() => void decide(false)}>
          {t('federation.deny')}
        </Button>
      </div>
      {note && <p className="muted small">{note}</p>}
    </section>
  )
}
