// What one may do with the records that are selected in a list: submit, merge, start plans, press flows' buttons.
import { AuditOutlined, MergeCellsOutlined, OrderedListOutlined, ThunderboltOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { ListRecord, ObjectDescribe } from '../api/types'
import { hasApprovals } from '../approvals/useApprovals'
import { mayMerge, mergeAddress, MOST_MERGED } from '../records/merge/merging'
import { useListButtons } from './useFlowButtons'
import { useFlowRunner } from './useFlowRunner'
import { useTaskPlans } from './useTaskPlans'

const BulkSubmitDialog = lazy(async () => ({
  default: (await import('../approvals/BulkSubmitDialog')).BulkSubmitDialog,
}))
const StartPlanDialog = lazy(async () => ({ default: (await import('./StartPlanDialog')).StartPlanDialog }))

interface ListActionsProps {
  describe: ObjectDescribe
  records: readonly ListRecord[]
  selected: ReadonlySet<string>
  onSelect: (ids: ReadonlySet<string>) => void
}

export function ListActions({ describe, records, selected, onSelect }: ListActionsProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const buttons = useListButtons(describe.name)
  const { plans } = useTaskPlans(describe)
  const { press, running, dialog } = useFlowRunner()
  const [asking, setAsking] = useState<'submit' | 'plan' | null>(null)
  const ids = [...selected]
  const chosen = records
    .filter((record) => selected.has(record.id))
    .map((record) => ({ id: record.id, name: String(record.values[describe.name_field] ?? record.id) }))
  const isMergeable = ids.length > 1 && ids.length <= MOST_MERGED

  return (
    <>
      {hasApprovals(describe) && describe.permissions.update && (
        <Button icon={<AuditOutlined aria-hidden />} onClick={() => setAsking('submit')}>
          {t('approval.submit')}
        </Button>
      )}
      {mayMerge(describe) && (
        <Button
          icon={<MergeCellsOutlined aria-hidden />}
          disabled={!isMergeable}
          title={isMergeable ? undefined : t('merge.tooMany')}
          onClick={() => void navigate(mergeAddress(ids))}
        >
          {t('merge.merge')}
        </Button>
      )}
      {plans.length > 0 && (
        <Button icon={<OrderedListOutlined aria-hidden />} onClick={() => setAsking('plan')}>
          {t('plan.start')}
        </Button>
      )}
      {buttons.map((button) => (
        <Button
          key={button.name}
          icon={<ThunderboltOutlined aria-hidden />}
          loading={running === button.name}
          onClick={() => press(button, ids)}
        >
          {button.label}
        </Button>
      ))}
      {dialog}
      <Suspense fallback={null}>
        {asking === 'submit' && (
          <BulkSubmitDialog
            records={chosen}
            onClose={(left) => {
              setAsking(null)
              onSelect(new Set(left.map((each) => each.id)))
            }}
          />
        )}
        {asking === 'plan' && <StartPlanDialog recordIds={ids} plans={plans} onClose={() => setAsking(null)} />}
      </Suspense>
    </>
  )
}
