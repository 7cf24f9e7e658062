// The band on a record in approval: at which step, who is asked since when, until when, and what one may do about it.
import Button from 'antd/es/button'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Approval, RecordRequest, Verdict } from '../api/approvals'
import type { ObjectDescribe, RecordAnswer } from '../api/types'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { tidyName } from '../records/names'
import type { Decidable } from './decisions'
import { DueTime } from './DueTime'
import { joinNames } from './joinNames'

const DecisionDialog = lazy(async () => ({ default: (await import('./DecisionDialog')).DecisionDialog }))
const ReassignDialog = lazy(async () => ({ default: (await import('./RecordDialogs')).ReassignDialog }))
const RecallDialog = lazy(async () => ({ default: (await import('./RecordDialogs')).RecallDialog }))

interface ApprovalBandProps {
  record: RecordAnswer
  describe: ObjectDescribe
  approval: Approval
}

type Asking = { what: Verdict | 'reassign'; request: RecordRequest } | { what: 'recall' } | null

export function ApprovalBand({ record, describe, approval }: ApprovalBandProps) {
  const { t } = useTranslation()
  const [asking, setAsking] = useState<Asking>(null)
  const close = () => setAsking(null)

  const subject = (request: RecordRequest): Decidable => ({
    id: request.id,
    object: record.object,
    recordId: record.id,
    name: String(record.values[describe.name_field] ?? record.id),
    needsCommentTo: approval.comments_required,
    editableFields: request.editable_fields,
    choosesApprover: request.chooses_approver,
  })

  return (
    <section className="approval-band" aria-label={t('approval.pending', { process: approval.label })}>
      <div className="approval-band-head">
        <strong>{t('approval.pending', { process: approval.label })}</strong>
        {approval.may_recall && (
          <Button size="small" onClick={() => setAsking({ what: 'recall' })}>
            {t('approval.recall')}
          </Button>
        )}
      </div>
      <ul>
        {groups(approval.requests).map((requests) => (
          <BandStep
            key={requests[0]?.id}
            requests={requests}
            onAsk={(what, request) => setAsking({ what, request })}
          />
        ))}
      </ul>
      <Suspense fallback={null}>
        {asking !== null && (asking.what === 'approve' || asking.what === 'reject') && (
          <DecisionDialog requests={[subject(asking.request)]} verdict={asking.what} onClose={close} />
        )}
        {asking?.what === 'reassign' && (
          <ReassignDialog recordId={record.id} request={asking.request} onClose={close} />
        )}
        {asking?.what === 'recall' && <RecallDialog recordId={record.id} approval={approval} onClose={close} />}
      </Suspense>
    </section>
  )
}

interface BandStepProps {
  requests: RecordRequest[]
  onAsk: (what: Verdict | 'reassign', request: RecordRequest) => void
}

function BandStep({ requests, onAsk }: BandStepProps) {
  const { t } = useTranslation()
  const reader = useReader()
  const [first] = requests
  if (first === undefined) return null
  const mine = requests.find((request) => request.may_decide)
  const mayPassOn = requests.find((request) => request.may_reassign)
  const names = joinNames(
    requests.map((request) => tidyName(request.asked.name)),
    reader.language,
  )
  const since = formatDateTime(first.since, reader.language, reader.timeZone)
  return (
    <li className="approval-band-step">
      <div className="approval-band-text">
        <span>
          <span className="approval-step-name">{first.label}</span> · {t('approval.waitsFor', { names, since })}
        </span>
        <DueTime due={first.due} />
      </div>
      <div className="row-tight">
        {mine !== undefined && (
          <>
            <Button type="primary" onClick={() => onAsk('approve', mine)}>
              {t('approval.approve')}
            </Button>
            <Button danger onClick={() => onAsk('reject', mine)}>
              {t('approval.reject')}
            </Button>
          </>
        )}
        {mayPassOn !== undefined && (
          <Button onClick={() => onAsk('reassign', mine ?? mayPassOn)}>{t('approval.reassign')}</Button>
        )}
      </div>
    </li>
  )
}

/** The requests of each step together: all of them are asked the same question. */
function groups(requests: RecordRequest[]): RecordRequest[][] {
  const byStep = new Map<string, RecordRequest[]>()
  for (const request of requests) byStep.set(request.step, [...(byStep.get(request.step) ?? []), request])
  return [...byStep.values()]
}
