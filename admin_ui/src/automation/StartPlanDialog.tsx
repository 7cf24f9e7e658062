// Start a task plan for a record: which of those that its object has.
import { useQueryClient } from '@tanstack/react-query'
import Radio from 'antd/es/radio'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { startPlan, type TaskPlan } from '../api/taskPlans'
import { AskDialog } from '../frame/AskDialog'
import { useReady } from '../frame/useReady'

interface StartPlanDialogProps {
  recordIds: string[]
  plans: TaskPlan[]
  onClose: () => void
}

export function StartPlanDialog({ recordIds, plans, onClose }: StartPlanDialogProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const ready = useReady()
  const [chosen, setChosen] = useState(plans[0]?.name ?? '')

  async function start() {
    await startPlan(chosen, recordIds)
    await Promise.all(
      recordIds.flatMap((id) =>
        ['record', 'related', 'history'].map((kind) => client.invalidateQueries({ queryKey: [kind, id] })),
      ),
    )
    ready(t('plan.started'))
    onClose()
  }

  return (
    <AskDialog title={t('plan.start')} okText={t('plan.startShort')} onAct={start} onClose={onClose}>
      {recordIds.length > 1 && <p className="muted">{t('flow.forMany', { count: recordIds.length })}</p>}
      <Radio.Group
        aria-label={t('plan.which')}
        className="stack"
        value={chosen}
        options={plans.map((plan) => ({
          value: plan.name,
          label: `${plan.label} · ${t('plan.tasks', { count: plan.tasks })}`,
        }))}
        onChange={(event) => setChosen(String(event.target.value))}
      />
      <p className="muted small">{t('plan.onceText')}</p>
    </AskDialog>
  )
}
