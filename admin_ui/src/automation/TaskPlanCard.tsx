// One task plan of a record: how far it is, its tasks with their times, and ending it.
import {
  CheckCircleOutlined,
  ClockCircleOutlined,
  ExclamationCircleOutlined,
  MinusCircleOutlined,
  RightCircleOutlined,
} from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { related } from '../api/endpoints'
import { useDescribe } from '../api/queries'
import { cancelPlan } from '../api/taskPlans'
import { useAsk } from '../frame/useAsk'
import { useErrorText } from '../frame/useErrorText'
import { useReady } from '../frame/useReady'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { spaced } from './flowInputs'
import { doneShare, isLate, PLAN_RUN, type PlanRun, type PlanStep, type StepState } from './planRuns'
import { useNow } from './useNow'

const ICONS: Record<StepState, ReactNode> = {
  waiting: <ClockCircleOutlined aria-hidden />,
  open: <RightCircleOutlined aria-hidden />,
  done: <CheckCircleOutlined aria-hidden />,
  closed: <MinusCircleOutlined aria-hidden />,
  left_out: <MinusCircleOutlined aria-hidden />,
  failed: <ExclamationCircleOutlined aria-hidden />,
}
const MOST_TASKS = 100

interface TaskPlanCardProps {
  run: PlanRun
  recordId: string
  mayCancel: boolean
}

export function TaskPlanCard({ run, recordId, mayCancel }: TaskPlanCardProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const ask = useAsk()
  const errorText = useErrorText()
  const ready = useReady()
  const [isOpen, setOpen] = useState(false)
  const isRunning = run.state === 'Running'

  async function cancel() {
    try {
      await cancelPlan(run.plan, [recordId])
      ready(t('plan.cancelled'))
    } catch (error) {
      message.error(errorText(error))
    }
    await client.invalidateQueries({ queryKey: ['record', recordId] })
    void client.invalidateQueries({ queryKey: ['related', recordId] })
  }

  const askCancel = () =>
    ask({
      title: t('plan.cancelTitle', { plan: run.label }),
      content: t('plan.cancelText'),
      okText: t('plan.cancel'),
      act: cancel,
    })

  return (
    <article className={`plan plan-${run.state.toLowerCase()}`} aria-label={run.label}>
      <div className="plan-head">
        <Button
          type="text"
          size="small"
          aria-expanded={isOpen}
          aria-label={t('plan.tasksOf', { plan: run.label })}
          onClick={() => setOpen(!isOpen)}
        >
          <span className={isOpen ? 'plan-turned' : undefined} aria-hidden>
            ▸
          </span>
        </Button>
        <Link to={`/r/${run.id}`}>{run.label}</Link>
        <span className="muted small tabular">
          {t(`plan.states.${run.state}`)} · {t('plan.progress', { done: run.done, count: run.tasks })}
        </span>
        {isRunning && mayCancel && (
          <Button size="small" className="push-right" aria-label={t('plan.cancelOf', { plan: run.label })} onClick={askCancel}>
            {t('plan.cancel')}
          </Button>
        )}
      </div>
      <div className="milestone-bar" aria-hidden>
        <span style={{ width: `${Math.round(doneShare(run) * 100)}%` }} />
      </div>
      {isOpen && <Steps run={run} />}
    </article>
  )
}

function Steps({ run }: { run: PlanRun }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const now = useNow()
  const describe = useDescribe(PLAN_RUN)
  const child = describe.data?.children[0]
  const tasks = useQuery({
    queryKey: ['related', run.id, child?.relationship],
    queryFn: () => related(run.id, child?.relationship ?? '', MOST_TASKS, null),
    enabled: child !== undefined,
  })
  const names = new Map(tasks.data?.records.map((task) => [task.id, String(task.values.Name ?? task.id)]))
  return (
    <>
      {tasks.error !== null && <p role="alert">{errorText(tasks.error)}</p>}
      <ol className="plan-steps">
        {run.steps.map((step) => (
          <Step key={step.name} step={step} title={names.get(step.task ?? '')} isLate={isLate(step, now)} />
        ))}
      </ol>
      {run.steps.length === 0 && <p className="muted small">{t('plan.noSteps')}</p>}
    </>
  )
}

function Step({ step, title, isLate }: { step: PlanStep; title: string | undefined; isLate: boolean }) {
  const { t } = useTranslation()
  const reader = useReader()
  const date = (moment: string) => formatDateTime(moment, reader.language, reader.timeZone)
  const label = title ?? spaced(step.name)
  return (
    <li className={`plan-step plan-step-${step.state}`}>
      <span className="plan-mark">{ICONS[step.state]}</span>
      <span>{step.task !== undefined && title !== undefined ? <Link to={`/r/${step.task}`}>{label}</Link> : label}</span>
      <span className="muted small">{t(`plan.steps.${step.state}`, { defaultValue: step.state })}</span>
      <span className={isLate ? 'small tabular plan-late' : 'muted small tabular'}>
        {step.ended !== undefined
          ? date(step.ended)
          : step.due !== undefined && t(isLate ? 'plan.late' : 'plan.due', { date: date(step.due) })}
      </span>
      {step.problem !== undefined && <span className="field-error">{step.problem}</span>}
    </li>
  )
}
