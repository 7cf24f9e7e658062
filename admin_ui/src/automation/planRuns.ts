// Task plans of a record as they are drawn: how far each is, and how each of its tasks stands.
import type { ListRecord, ObjectDescribe } from '../api/types'

/** The platform's own object that keeps runs of plans: an object without plans has no such child. */
export const PLAN_RUN = 'TaskPlanRun'

export const RUN_COLUMNS = ['Name', 'PlanName', 'State', 'StartTime', 'EndTime', 'TaskCount', 'DoneCount', 'Steps']

export type StepState = 'waiting' | 'open' | 'done' | 'closed' | 'left_out' | 'failed'

export interface PlanStep {
  name: string
  state: StepState
  task?: string
  due?: string
  ended?: string
  problem?: string
}

export interface PlanRun {
  id: string
  label: string
  plan: string
  state: 'Running' | 'Completed' | 'Cancelled'
  start: string
  tasks: number
  done: number
  steps: PlanStep[]
}

export const planChild = (describe: ObjectDescribe) => describe.children.find((each) => each.object === PLAN_RUN)

export function planRunOf({ id, values }: ListRecord): PlanRun {
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : '')
  const number = (name: string) => (typeof values[name] === 'number' ? values[name] : 0)
  return {
    id,
    label: text('Name') || text('PlanName'),
    plan: text('PlanName'),
    state: (text('State') || 'Running') as PlanRun['state'],
    start: text('StartTime'),
    tasks: number('TaskCount'),
    done: number('DoneCount'),
    steps: stepsOf(text('Steps')),
  }
}

function stepsOf(text: string): PlanStep[] {
  try {
    const steps: unknown = JSON.parse(text)
    return Array.isArray(steps) ? (steps as PlanStep[]) : []
  } catch {
    return []
  }
}

/** How much of a plan is done, from 0 to 1. */
export const doneShare = (run: PlanRun) => (run.tasks === 0 ? 1 : Math.min(1, run.done / run.tasks))

export const isLate = (step: PlanStep, now: number) =>
  step.state === 'open' && step.due !== undefined && new Date(step.due).getTime() < now
