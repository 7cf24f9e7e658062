// One record: header, path, and tabs with details, related lists and history.
import Tabs from 'antd/es/tabs'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams, useSearchParams } from 'react-router'
import { useDescribe, useRecord } from '../../api/queries'
import type { ObjectDescribe, RecordAnswer } from '../../api/types'
import { ApprovalBand } from '../../approvals/ApprovalBand'
import { ApprovalHistory } from '../../approvals/ApprovalHistory'
import { underLock } from '../../approvals/underLock'
import { useRecordApprovals } from '../../approvals/useApprovals'
import { FlowRunTable } from '../../automation/FlowRunTable'
import { Milestones } from '../../automation/Milestones'
import { TaskPlans } from '../../automation/TaskPlans'
import { useRecordActions } from '../../automation/useRecordActions'
import { useMay } from '../../frame/session'
import { ErrorState, PageSkeleton } from '../../frame/states'
import { layoutFor } from '../form/formState'
import { underMask } from '../masks/masks'
import { defaultRecordType, findRecordType } from '../picklists'
import { Details } from './Details'
import { FieldChanges } from './FieldChanges'
import { RecordHeader } from './RecordHeader'
import { RecordPath } from './RecordPath'
import { relatedListsOf } from './relatedLists'
import { RelatedLists } from './RelatedLists'

export function RecordPage() {
  const { id } = useParams()
  const record = useRecord(id)
  const describe = useDescribe(record.data?.object)
  const error = record.error ?? describe.error
  if (error) return <ErrorState error={error} onRetry={() => void record.refetch()} />
  if (record.data === undefined || describe.data === undefined) return <PageSkeleton />
  return <RecordView key={record.data.id} record={record.data} describe={describe.data} />
}

/** What a record shows in a way of its own is no related list besides. */
const DRAWN_ABOVE = new Set(['ProcessInstance', 'RecordMilestone', 'TaskPlanRun'])

function RecordView(loaded: { record: RecordAnswer; describe: ObjectDescribe }) {
  const { t } = useTranslation()
  const approvals = useRecordApprovals(loaded.record.id, loaded.describe)
  const { record, describe } = useMemo(
    () => underMask(underLock({ record: loaded.record, describe: loaded.describe }, approvals.data)),
    [loaded.record, loaded.describe, approvals.data],
  )
  const { actions, dialogs } = useRecordActions(record, describe, approvals)
  const maySeeRuns = useMay('ManageMetadata')
  const [search, setSearch] = useSearchParams()
  const recordType =
    findRecordType(describe, record.record_type) ??
    (describe.record_types.length === 1 ? defaultRecordType(describe) : null)
  const lists = relatedListsOf(describe, layoutFor(describe, recordType)).filter((list) => !DRAWN_ABOVE.has(list.object))
  const running = approvals.data?.approvals.filter((approval) => approval.status === 'Pending') ?? []
  const hasHistory = approvals.error !== null || (approvals.data?.approvals.length ?? 0) > 0
  const editing = search.get('edit')
  const tab = search.get('tab') ?? 'details'

  function change(next: Record<string, string | null>) {
    setSearch(
      (current) => {
        const changed = new URLSearchParams(current)
        for (const [key, value] of Object.entries(next)) {
          if (value === null) changed.delete(key)
          else changed.set(key, value)
        }
        return changed
      },
      { replace: true },
    )
  }

  return (
    <div className="page record-page">
      <RecordHeader
        record={record}
        describe={describe}
        recordType={recordType}
        isLocked={approvals.data?.is_locked ?? false}
        actions={actions}
        onEdit={() => change({ edit: '1', tab: null })}
      />
      {running.map((approval) => (
        <ApprovalBand key={approval.id} record={record} describe={describe} approval={approval} />
      ))}
      <RecordPath record={record} describe={describe} recordType={recordType} />
      <Milestones recordId={record.id} describe={describe} />
      <TaskPlans record={record} describe={describe} />
      <Tabs
        className="record-tabs"
        activeKey={tab}
        onChange={(key) => change({ tab: key === 'details' ? null : key, edit: null })}
        destroyOnHidden
        items={[
          {
            key: 'details',
            label: t('record.details'),
            children: (
              <Details
                record={record}
                describe={describe}
                recordType={recordType}
                editing={record.permissions.update ? editing : null}
                onEdit={(field) => change({ edit: field })}
                onDone={() => change({ edit: null })}
              />
            ),
          },
          ...(lists.length > 0
            ? [{ key: 'related', label: t('record.related'), children: <RelatedLists record={record} lists={lists} /> }]
            : []),
          ...(hasHistory
            ? [{ key: 'approvals', label: t('approval.title'), children: <ApprovalHistory query={approvals} /> }]
            : []),
          {
            key: 'history',
            label: t('record.history'),
            children: <FieldChanges record={record} describe={describe} />,
          },
          ...(maySeeRuns
            ? [{ key: 'automation', label: t('flow.title'), children: <RecordRuns recordId={record.id} /> }]
            : []),
        ]}
      />
      {dialogs}
    </div>
  )
}

function RecordRuns({ recordId }: { recordId: string }) {
  const { t } = useTranslation()
  const ofThis = useMemo(
    () => [{ field: 'RecordIds', operator: 'INCLUDES' as const, value: [recordId] }],
    [recordId],
  )
  return (
    <FlowRunTable
      queryKey={['record', recordId, 'runs']}
      filters={ofThis}
      empty={t('flow.noRuns')}
      hint={t('flow.noRunsHint')}
    />
  )
}
