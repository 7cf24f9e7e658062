// The routes of task plans, typed.
import { call } from './client'

const enc = encodeURIComponent

export interface TaskPlan {
  name: string
  label: string
  tasks: number
}

export const taskPlans = (object: string) =>
  call<{ plans: TaskPlan[] }>('GET', `/ui/objects/${enc(object)}/task_plans`)
export const startPlan = (plan: string, recordIds: string[]) =>
  call<{ runs: { recordId: string; id: string }[] }>('POST', `/ui/task_plans/${enc(plan)}/start`, {
    body: { recordIds },
  })
export const cancelPlan = (plan: string, recordIds: string[]) =>
  call<{ cancelled: number }>('POST', `/ui/task_plans/${enc(plan)}/cancel`, { body: { recordIds } })
