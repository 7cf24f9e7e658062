// What one may do with a record beside editing it: submit it, press flows' buttons, start plans, look for duplicates.
import {
  AuditOutlined,
  MergeCellsOutlined,
  OrderedListOutlined,
  SafetyCertificateOutlined,
  ThunderboltOutlined,
} from '@ant-design/icons'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { RecordApprovals } from '../api/approvals'
import type { IdentityCheck, ObjectDescribe, RecordAnswer } from '../api/types'
import { tidyName } from '../records/names'
import { useRecordButtons } from './useFlowButtons'
import { useFlowRunner } from './useFlowRunner'
import { useTaskPlans } from './useTaskPlans'

const SubmitDialog = lazy(async () => ({ default: (await import('../approvals/RecordDialogs')).SubmitDialog }))

const StartPlanDialog = lazy(async () => ({ default: (await import('./StartPlanDialog')).StartPlanDialog }))
const DuplicatesDialog = lazy(async () => ({
  default: (await import('../records/merge/DuplicatesDialog')).DuplicatesDialog,
}))
const IdentityCheckDialog = lazy(async () => ({
  default: (await import('../records/identity/IdentityCheckDialog')).IdentityCheckDialog,
}))

export interface RecordAction {
  key: string
  label: string
  icon: ReactNode
  isBusy: boolean
  onClick: () => void
}

interface RecordActions {
  /** None while it is not known yet which there are: what stands where must not change under the pointer. */
  actions: RecordAction[] | null
  dialogs: ReactNode
}

export function useRecordActions(
  record: RecordAnswer,
  describe: ObjectDescribe,
  approvals: { data?: RecordApprovals; isLoading: boolean },
): RecordActions {
  const { t } = useTranslation()
  const { buttons, isLoading: areButtonsLoading } = useRecordButtons(record)
  const runner = useFlowRunner()
  const { plans, isLoading: arePlansLoading } = useTaskPlans(describe, !record.is_deleted)
  const [asking, setAsking] = useState<'submit' | 'plan' | 'duplicates' | null>(null)
  const [identifying, setIdentifying] = useState<IdentityCheck | null>(null)
  const close = () => setAsking(null)
  const processes = record.is_deleted ? [] : (approvals.data?.processes ?? [])

  const actions: RecordAction[] = [
    ...(processes.length > 0
      ? [
          {
            key: 'submit',
            label: t('approval.submit'),
            icon: <AuditOutlined aria-hidden />,
            isBusy: false,
            onClick: () => setAsking('submit'),
          },
        ]
      : []),
    ...buttons.map((button) => ({
      key: `flow-${button.name}`,
      label: button.label,
      icon: <ThunderboltOutlined aria-hidden />,
      isBusy: runner.running === button.name,
      onClick: () => runner.press(button, [record.id]),
    })),
    ...(plans.length > 0
      ? [
          {
            key: 'plan',
            label: t('plan.start'),
            icon: <OrderedListOutlined aria-hidden />,
            isBusy: false,
            onClick: () => setAsking('plan'),
          },
        ]
      : []),
    ...(record.is_deleted ? [] : (describe.identity_checks ?? [])).map((check) => ({
      key: `identity-${check.name}`,
      label: check.label,
      icon: <SafetyCertificateOutlined aria-hidden />,
      isBusy: false,
      onClick: () => setIdentifying(check),
    })),
    ...(describe.finds_duplicates && !record.is_deleted
      ? [
          {
            key: 'duplicates',
            label: t('merge.find'),
            icon: <MergeCellsOutlined aria-hidden />,
            isBusy: false,
            onClick: () => setAsking('duplicates'),
          },
        ]
      : []),
  ]

  const dialogs = (
    <>
      {runner.dialog}
      <Suspense fallback={null}>
        {asking === 'submit' && (
          <SubmitDialog
            recordId={record.id}
            name={tidyName(String(record.values[describe.name_field] ?? record.id))}
            processes={processes}
            onClose={close}
          />
        )}
        {asking === 'plan' && <StartPlanDialog recordIds={[record.id]} plans={plans} onClose={close} />}
        {identifying !== null && (
          <IdentityCheckDialog
            record={record}
            check={identifying}
            onPassed={() => setIdentifying(null)}
            onClose={() => setIdentifying(null)}
          />
        )}
        {asking === 'duplicates' && <DuplicatesDialog recordId={record.id} describe={describe} onClose={close} />}
      </Suspense>
    </>
  )
  const isKnown = !approvals.isLoading && !areButtonsLoading && !arePlansLoading
  return { actions: isKnown ? actions : null, dialogs }
}
