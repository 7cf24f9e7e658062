import { describe, expect, it } from 'vitest'
import { inOrder, milestoneOf, minutesLeft, shownState, usedShare, type Milestone } from './milestones'
import { formatSpan } from './spans'

const now = Date.parse('2026-03-02T10:00:00Z')
const clock: Milestone = {
  id: '555A',
  name: 'First response',
  state: 'Running',
  start: '2026-03-02T09:00:00Z',
  due: '2026-03-02T13:00:00Z',
  end: null,
  violated: null,
  target: 240,
  remaining: 240,
}

describe('a clock', () => {
  it('that runs tells what is left and how much is used', () => {
    expect([shownState(clock, now), minutesLeft(clock, now), usedShare(clock, now)]).toEqual(['Running', 180, 0.25])
  })

  it('whose time is over is late even before the worker has looked', () => {
    const late = { ...clock, due: '2026-03-02T09:30:00Z' }
    expect([shownState(late, now), minutesLeft(late, now), usedShare(late, now)]).toEqual(['Violated', -30, 1])
  })

  it('that is paused keeps what was left', () => {
    const paused: Milestone = { ...clock, state: 'Paused', remaining: 60 }
    expect([shownState(paused, now), minutesLeft(paused, now), usedShare(paused, now)]).toEqual(['Paused', 60, 0.75])
  })

  it('that was met stands at its end, whatever the time is now', () => {
    const met: Milestone = { ...clock, state: 'Met', end: '2026-03-02T11:00:00Z' }
    expect([minutesLeft(met, now + 1e9), usedShare(met, now + 1e9)]).toEqual([120, 0.5])
  })

  it('without an end has nothing to count down', () => {
    expect([minutesLeft({ ...clock, due: null }, now), usedShare({ ...clock, due: null }, now)]).toEqual([null, 1])
  })

  it('comes before those that are over, the nearest end first', () => {
    const over = { ...clock, id: 'over', end: '2026-03-01T00:00:00Z', due: '2026-03-01T00:00:00Z' }
    const later = { ...clock, id: 'later', due: '2026-03-05T00:00:00Z' }
    expect(inOrder([over, later, clock]).map((each) => each.id)).toEqual(['555A', 'later', 'over'])
  })

  it('is read from a row of a list, blanks included', () => {
    const row = { id: '555B', version: 1, record_type_id: null, labels: {} }
    const read = milestoneOf({ ...row, values: { Name: 'Reply', State: 'Met', StartTime: 'x', RemainingMinutes: 3 } })
    expect([read.name, read.state, read.due, read.remaining]).toEqual(['Reply', 'Met', null, 3])
  })
})

describe('a span', () => {
  it('is told in two units at most, in both languages', () => {
    expect(formatSpan(2 * 1440 + 3 * 60 + 5, 'en_US')).toBe('2 days 3 hours')
    expect(formatSpan(61, 'zh_CN')).toBe('1小时1分钟')
    expect(formatSpan(0.4, 'en_US')).toBe('0 minutes')
  })
})
