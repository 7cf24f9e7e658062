// The task plans of a record: those that run with their tasks, those that are over on demand.
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { list } from '../api/endpoints'
import type { ObjectDescribe, RecordAnswer } from '../api/types'
import { useErrorText } from '../frame/useErrorText'
import { TaskPlanCard } from './TaskPlanCard'
import { useTaskPlans } from './useTaskPlans'
import { PLAN_RUN, planChild, planRunOf, RUN_COLUMNS } from './planRuns'

const MOST = 50

export function TaskPlans({ record, describe }: { record: RecordAnswer; describe: ObjectDescribe }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [showsAll, setShowsAll] = useState(false)
  const child = planChild(describe)
  const { plans } = useTaskPlans(describe, !record.is_deleted)
  /** A run keeps the name that its plan had when it began, in the language of then. */
  const labelOf = (plan: string, kept: string) => plans.find((each) => each.name === plan)?.label ?? kept
  const runs = useQuery({
    // Below the record's key: whatever loads the record again loads this again.
    queryKey: ['record', record.id, 'plans'],
    queryFn: () =>
      list(PLAN_RUN, {
        columns: RUN_COLUMNS,
        filters: [{ field: child?.field ?? '', operator: '=', value: record.id }],
        logic: null,
        owner: 'everyone',
        order_by: [{ field: 'StartTime', descending: true }],
        search: null,
        limit: MOST,
        after: null,
      }),
    enabled: child !== undefined && !record.is_deleted,
  })
  if (runs.error)
    return (
      <section className="plans" aria-label={t('plan.title')}>
        <p role="alert">{t('plan.failed', { reason: errorText(runs.error) })}</p>
        <Button size="small" onClick={() => void runs.refetch()}>
          {t('action.retry')}
        </Button>
      </section>
    )
  const all = (runs.data?.records ?? []).map(planRunOf).map((run) => ({ ...run, label: labelOf(run.plan, run.label) }))
  if (all.length === 0) return null
  const running = all.filter((run) => run.state === 'Running')
  const shown = showsAll ? all : running
  return (
    <section className="plans" aria-label={t('plan.title')}>
      {shown.map((run) => (
        <TaskPlanCard key={run.id} run={run} recordId={record.id} mayCancel={record.permissions.update} />
      ))}
      {all.length > shown.length && (
        <Button type="link" size="small" onClick={() => setShowsAll(true)}>
          {t('plan.over', { count: all.length - running.length })}
        </Button>
      )}
    </section>
  )
}
