// Approve or reject one request or many, with a comment; a single one can fill in the fields that its step opens.
import Alert from 'antd/es/alert'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { decide, type Verdict } from '../api/approvals'
import type { Values } from '../api/types'
import { useReady } from '../frame/useReady'
import { tidyName } from '../records/names'
import { ActDialog } from './ActDialog'
import { ActorPicker } from './ActorPicker'
import { DecisionFields } from './DecisionFields'
import { drafts, failures, needsComment, type Decidable, type Failure } from './decisions'
import { useRefreshAfter } from './useApprovals'

interface DecisionDialogProps {
  requests: readonly Decidable[]
  verdict: Verdict
  onClose: () => void
}

export function DecisionDialog({ requests, verdict, onClose }: DecisionDialogProps) {
  const { t } = useTranslation()
  const ready = useReady()
  const refresh = useRefreshAfter()
  const [failed, setFailed] = useState<Failure[]>([])
  const [fields, setFields] = useState<Values>({})
  const [next, setNext] = useState<string | null>(null)
  // What is decided already is not decided again: a second try is for what failed.
  const left = failed.length > 0 ? failed.map((each) => each.request) : requests
  const [single] = left.length === 1 ? left : []
  const asksNext = verdict === 'approve' && single?.choosesApprover === true
  const isApproval = verdict === 'approve'

  async function act(comments: string | null, attachments: readonly string[]) {
    const sent = left
    const { results } = await decide(drafts(sent, verdict, comments, attachments, fields, asksNext ? next : null))
    const refused = failures(sent, results)
    const done = sent.length - refused.length
    if (done > 0) {
      ready(t(isApproval ? 'approval.approved' : 'approval.rejected', { count: done }))
      void refresh(sent.map((each) => each.recordId))
    }
    setFailed(refused)
    if (refused.length === 0) onClose()
  }

  return (
    <ActDialog
      title={
        single !== undefined
          ? t(isApproval ? 'approval.approveTitle' : 'approval.rejectTitle', { name: tidyName(single.name) })
          : t(isApproval ? 'approval.approveMany' : 'approval.rejectMany', { count: left.length })
      }
      okText={t(isApproval ? 'approval.approve' : 'approval.reject')}
      isDanger={!isApproval}
      needsComment={needsComment(left, verdict)}
      isComplete={!asksNext || next !== null}
      text={
        failed.length > 0 && (
          <Alert
            type="error"
            showIcon
            role="alert"
            title={t('approval.notDecided', { count: failed.length })}
            description={
              <ul className="problem-list">
                {failed.map((each) => (
                  <li key={each.request.id}>
                    <strong>{tidyName(each.request.name)}</strong> {each.message}
                  </li>
                ))}
              </ul>
            }
          />
        )
      }
      attaches
      onAct={act}
      onClose={onClose}
    >
      {isApproval && single !== undefined && single.editableFields.length > 0 && (
        <DecisionFields request={single} values={fields} onChange={setFields} />
      )}
      {asksNext && <ActorPicker label={t('approval.nextApprover')} value={next} onChange={setNext} />}
    </ActDialog>
  )
}
