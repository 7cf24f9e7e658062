// Place a hold: on everything, on what a user did, or on what was done with a record.
import Button from 'antd/es/button'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { placeHold } from '../api/audit'
import { ToolbarInput } from './ToolbarInput'

const SCOPES = ['all', 'user', 'record'] as const

export function HoldForm({ onPlace }: { onPlace: (work: () => Promise<unknown>) => Promise<void> }) {
  const { t } = useTranslation()
  const [scope, setScope] = useState<(typeof SCOPES)[number]>('record')
  const [subject, setSubject] = useState('')
  const [reason, setReason] = useState('')
  const isWhole = reason.trim() !== '' && (scope === 'all' || subject.trim() !== '')

  async function place() {
    const hold = { scope, subject: scope === 'all' ? null : subject.trim(), reason: reason.trim() }
    await onPlace(() => placeHold(hold))
    setSubject('')
    setReason('')
  }

  return (
    <div className="toolbar">
      <Select
        value={scope}
        aria-label={t('audit.hold')}
        options={SCOPES.map((value) => ({ value, label: t(`audit.scopes.${value}`) }))}
        onChange={setScope}
      />
      {scope !== 'all' && (
        <ToolbarInput className="mono" label={t('audit.subject')} value={subject} onChange={setSubject} />
      )}
      <ToolbarInput label={t('audit.reason')} value={reason} onChange={setReason} />
      <Button disabled={!isWhole} onClick={() => void place()}>
        {t('audit.placeHold')}
      </Button>
    </div>
  )
}
