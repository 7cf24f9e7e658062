// Signing in as somebody else needs a reason, which the journal keeps.
import Input from 'antd/es/input'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { loginAs } from '../../api/security'
import { AskDialog } from '../../frame/AskDialog'

export function LoginAsDialog({ user, onClose }: { user: { id: string; name: string }; onClose: () => void }) {
  const { t } = useTranslation()
  const [reason, setReason] = useState('')

  async function act() {
    await loginAs(user.id, reason)
    window.location.assign('/')
  }

  return (
    <AskDialog
      title={t('security.loginAsTitle', { name: user.name })}
      okText={t('security.loginAs')}
      isComplete={reason.trim() !== ''}
      onAct={act}
      onClose={onClose}
    >
      <p className="muted">{t('security.loginAsLead')}</p>
      <div className="field">
        <label htmlFor="login-as-reason">{t('security.reason')}</label>
        <Input.TextArea
          id="login-as-reason"
          rows={2}
          maxLength={255}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </div>
    </AskDialog>
  )
}
