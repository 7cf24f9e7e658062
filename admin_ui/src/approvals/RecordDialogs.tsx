// Submitting a record, giving its request to somebody else, taking it back.
import Radio from 'antd/es/radio'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  reassign,
  recallRecord,
  submitRecord,
  type Approval,
  type RecordRequest,
  type Submittable,
} from '../api/approvals'
import { useReady } from '../frame/useReady'
import { ActDialog } from './ActDialog'
import { ActorPicker } from './ActorPicker'
import { useRefreshAfter } from './useApprovals'

interface SubmitDialogProps {
  recordId: string
  name: string
  processes: Submittable[]
  onClose: () => void
}

export function SubmitDialog({ recordId, name, processes, onClose }: SubmitDialogProps) {
  const { t } = useTranslation()
  const ready = useReady()
  const refresh = useRefreshAfter()
  const [chosen, setChosen] = useState(processes[0]?.name ?? '')
  const [next, setNext] = useState<string | null>(null)
  const process = processes.find((each) => each.name === chosen)
  const asksNext = process?.chooses_approver ?? false

  async function act(comments: string | null, attachments: readonly string[]) {
    await submitRecord(recordId, chosen, comments, attachments, asksNext && next !== null ? [next] : [])
    await refresh([recordId])
    ready(t('approval.submitted'))
    onClose()
  }

  return (
    <ActDialog
      title={t('approval.submitTitle', { name })}
      okText={t('approval.submitShort')}
      needsComment={process?.comments_required ?? false}
      isComplete={!asksNext || next !== null}
      attaches
      onAct={act}
      onClose={onClose}
    >
      {processes.length > 1 && (
        <Radio.Group
          aria-label={t('approval.process')}
          className="stack"
          value={chosen}
          options={processes.map((each) => ({ value: each.name, label: each.label }))}
          onChange={(event) => setChosen(String(event.target.value))}
        />
      )}
      {processes.length === 1 && <p className="muted">{process?.label}</p>}
      {asksNext && <ActorPicker label={t('approval.nextApprover')} value={next} onChange={setNext} />}
    </ActDialog>
  )
}

interface ReassignDialogProps {
  recordId: string
  request: RecordRequest
  onClose: () => void
}

export function ReassignDialog({ recordId, request, onClose }: ReassignDialogProps) {
  const { t } = useTranslation()
  const ready = useReady()
  const refresh = useRefreshAfter()
  const [actor, setActor] = useState<string | null>(null)

  async function act(comments: string | null) {
    await reassign(request.id, actor ?? '', comments)
    await refresh([recordId])
    ready(t('approval.reassigned'))
    onClose()
  }

  return (
    <ActDialog
      title={t('approval.reassignTitle', { step: request.label })}
      okText={t('approval.reassign')}
      needsComment={false}
      isComplete={actor !== null}
      onAct={act}
      onClose={onClose}
    >
      <ActorPicker label={t('approval.newActor')} value={actor} onChange={setActor} />
    </ActDialog>
  )
}

interface RecallDialogProps {
  recordId: string
  approval: Approval
  onClose: () => void
}

export function RecallDialog({ recordId, approval, onClose }: RecallDialogProps) {
  const { t } = useTranslation()
  const ready = useReady()
  const refresh = useRefreshAfter()

  async function act(comments: string | null) {
    await recallRecord(recordId, comments)
    await refresh([recordId])
    ready(t('approval.recalled'))
    onClose()
  }

  return (
    <ActDialog
      title={t('approval.recallTitle', { process: approval.label })}
      text={<p className="muted">{t('approval.recallText')}</p>}
      okText={t('approval.recall')}
      isDanger
      needsComment={approval.comments_required.includes('recall')}
      onAct={act}
      onClose={onClose}
    />
  )
}
