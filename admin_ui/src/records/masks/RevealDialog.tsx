// Why a masked value is to be shown; where a rule wants it, the person is identified first.
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client'
import { useDescribe } from '../../api/queries'
import { reveal } from '../../api/reveals'
import type { FieldDescribe, IdentityCheck, RecordAnswer } from '../../api/types'
import { AskDialog } from '../../frame/AskDialog'
import { FieldRow } from '../fields/FieldRow'
import { IdentityCheckDialog } from '../identity/IdentityCheckDialog'

interface RevealDialogProps {
  record: RecordAnswer
  field: FieldDescribe
  names: string[]
  onShown: (expires: string) => void
  onClose: () => void
}

const SHORTEST_REASON = 3
const LONGEST_REASON = 255

export function RevealDialog({ record, field, names, onShown, onClose }: RevealDialogProps) {
  const { t } = useTranslation()
  const { message } = App.useApp()
  const [reason, setReason] = useState('')
  const [verification, setVerification] = useState('')
  const [needsVerification, setNeedsVerification] = useState(false)
  const [identifying, setIdentifying] = useState<IdentityCheck | null>(null)
  const checks = useDescribe(record.object).data?.identity_checks ?? []

  async function act() {
    try {
      const answer = await reveal(record.object, record.id, names, reason.trim(), verification.trim() || null)
      if (answer.expires !== null) return onShown(answer.expires)
      message.info(t('mask.waits'))
      onClose()
    } catch (error) {
      if (error instanceof ApiError && error.problems.some((each) => each.errorCode === 'IDENTITY_REQUIRED'))
        setNeedsVerification(true)
      throw error
    }
  }

  return (
    <>
      <AskDialog
        title={t('mask.reveal', { field: field.label })}
        okText={t('mask.show')}
        isComplete={reason.trim().length >= SHORTEST_REASON}
        onAct={act}
        onClose={onClose}
      >
        <p className="muted">{t('mask.told')}</p>
        <FieldRow id="reveal-reason" label={t('mask.reason')} required>
          <Input.TextArea
            id="reveal-reason"
            autoFocus
            rows={3}
            maxLength={LONGEST_REASON}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </FieldRow>
        {needsVerification &&
          checks.map((check) => (
            <Button key={check.name} type="primary" ghost onClick={() => setIdentifying(check)}>
              {check.label}
            </Button>
          ))}
        {needsVerification && checks.length === 0 && (
          <FieldRow id="reveal-verification" label={t('mask.verification')} help={t('mask.verificationHelp')}>
            <Input
              id="reveal-verification"
              value={verification}
              onChange={(event) => setVerification(event.target.value)}
            />
          </FieldRow>
        )}
      </AskDialog>
      {identifying !== null && (
        <IdentityCheckDialog
          record={record}
          check={identifying}
          onPassed={() => {
            setIdentifying(null)
            setNeedsVerification(false)
          }}
          onClose={() => setIdentifying(null)}
        />
      )}
    </>
  )
}
