// All keys are to be destroyed: why, and the word that says it is meant.
import Alert from 'antd/es/alert'
import Input from 'antd/es/input'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { wantDestruction } from '../../api/encryption'
import { AskDialog } from '../../frame/AskDialog'

export function DestroyDialog({ onDone, onClose }: { onDone: () => void; onClose: () => void }) {
  const { t } = useTranslation()
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const word = t('encryption.word')
  return (
    <AskDialog
      title={t('encryption.destroyTitle')}
      okText={t('encryption.askFor')}
      isDanger
      isComplete={reason.trim() !== '' && typed.trim() === word}
      onAct={async () => {
        await wantDestruction(reason.trim())
        onDone()
      }}
      onClose={onClose}
    >
      <Alert type="error" showIcon title={t('encryption.destroyText')} />
      <div className="field">
        <label htmlFor="destroy-reason">{t('encryption.reason')}</label>
        <Input.TextArea
          id="destroy-reason"
          autoFocus
          rows={2}
          maxLength={1000}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </div>
      <div className="field">
        <label htmlFor="destroy-word">{t('encryption.typeWord', { word })}</label>
        <Input id="destroy-word" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </div>
    </AskDialog>
  )
}
