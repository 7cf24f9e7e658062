// The clocks of a record as they are drawn: how much of the time is used, and what is left.
import type { ListRecord } from '../api/types'

export type MilestoneState = 'Running' | 'Paused' | 'Met' | 'Violated' | 'Cancelled'

export interface Milestone {
  id: string
  name: string
  state: MilestoneState
  start: string
  due: string | null
  end: string | null
  violated: string | null
  target: number | null
  remaining: number | null
}

export const MILESTONE_COLUMNS = [
  'Name',
  'State',
  'StartTime',
  'DueTime',
  'EndTime',
  'ViolatedTime',
  'TargetMinutes',
  'RemainingMinutes',
]

export function milestoneOf({ id, values }: ListRecord): Milestone {
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : null)
  const number = (name: string) => (typeof values[name] === 'number' ? values[name] : null)
  return {
    id,
    name: text('Name') ?? id,
    state: (text('State') ?? 'Running') as MilestoneState,
    start: text('StartTime') ?? '',
    due: text('DueTime'),
    end: text('EndTime'),
    violated: text('ViolatedTime'),
    target: number('TargetMinutes'),
    remaining: number('RemainingMinutes'),
  }
}

const MINUTE = 60_000
const at = (moment: string | null) => (moment === null ? Number.NaN : new Date(moment).getTime())

/** A clock whose time is over counts as violated here even before the worker has looked. */
export function shownState(milestone: Milestone, now: number): MilestoneState {
  return milestone.state === 'Running' && at(milestone.due) < now ? 'Violated' : milestone.state
}

/** The minutes until the end; negative when it has passed; null where there is nothing to count. */
export function minutesLeft(milestone: Milestone, now: number): number | null {
  if (milestone.state === 'Paused') return milestone.remaining
  const end = milestone.end === null ? now : at(milestone.end)
  const left = (at(milestone.due) - end) / MINUTE
  return Number.isNaN(left) ? null : left
}

/** How much of the time is used, from 0 to 1. A paused clock has only its minutes to tell. */
export function usedShare(milestone: Milestone, now: number): number {
  const { state, target, remaining } = milestone
  if (state === 'Paused') return target && remaining !== null ? clamp(1 - remaining / target) : 0
  if (state === 'Violated') return 1
  const until = milestone.end === null ? now : at(milestone.end)
  const whole = at(milestone.due) - at(milestone.start)
  return Number.isNaN(whole) || whole <= 0 ? 1 : clamp((until - at(milestone.start)) / whole)
}

const clamp = (share: number) => Math.min(1, Math.max(0, share))

/** Not Infinity: two of it have no difference that sorts. */
const dueOrNever = (each: Milestone) => at(each.due) || Number.MAX_SAFE_INTEGER

/** What runs comes first, the nearest end before the others; what is over comes last. */
export function inOrder(milestones: readonly Milestone[]): Milestone[] {
  const rank = (each: Milestone) => (each.end === null ? 0 : 1)
  return [...milestones].sort(
    (one, other) =>
      rank(one) - rank(other) || dueOrNever(one) - dueOrNever(other) || one.id.localeCompare(other.id),
  )
}
