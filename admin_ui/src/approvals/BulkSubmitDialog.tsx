// Submit many records at once: each to the process that fits it; what could not be submitted is said, record by record.
import Alert from 'antd/es/alert'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { submitRecords } from '../api/approvals'
import { useReady } from '../frame/useReady'
import { tidyName } from '../records/names'
import { ActDialog } from './ActDialog'
import { refusals, type Refusal, type Submitted } from './decisions'
import { useRefreshAfter } from './useApprovals'

interface BulkSubmitDialogProps {
  records: readonly Submitted[]
  onClose: (left: readonly Submitted[]) => void
}

export function BulkSubmitDialog({ records, onClose }: BulkSubmitDialogProps) {
  const { t } = useTranslation()
  const ready = useReady()
  const refresh = useRefreshAfter()
  const [refused, setRefused] = useState<Refusal[]>([])
  // What is submitted already is not submitted again: a second try is for what was refused.
  const left = refused.length > 0 ? refused.map((each) => each.record) : records

  async function act(comments: string | null) {
    const { results } = await submitRecords(
      left.map((each) => each.id),
      comments,
    )
    const failed = refusals(left, results)
    const done = left.length - failed.length
    if (done > 0) {
      ready(t('approval.submittedMany', { count: done }))
      void refresh(left.map((each) => each.id))
    }
    setRefused(failed)
    if (failed.length === 0) onClose([])
  }

  return (
    <ActDialog
      title={t('approval.submitMany', { count: left.length })}
      okText={t('approval.submitShort')}
      needsComment={false}
      text={
        refused.length > 0 ? (
          <Alert
            type="error"
            showIcon
            role="alert"
            title={t('approval.notSubmitted', { count: refused.length })}
            description={
              <ul className="problem-list">
                {refused.map((each) => (
                  <li key={each.record.id}>
                    <strong>{tidyName(each.record.name)}</strong> {each.message}
                  </li>
                ))}
              </ul>
            }
          />
        ) : (
          <p className="muted">{t('approval.submitManyText')}</p>
        )
      }
      onAct={act}
      onClose={() => onClose(refused.map((each) => each.record))}
    />
  )
}
