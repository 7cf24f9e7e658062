import { expect, test } from 'vitest'
import { doneShare, isLate, planRunOf } from './planRuns'

const record = (values: Record<string, string | number | null>) => ({
  id: '0Tp1',
  version: 1,
  record_type_id: null,
  values,
  labels: {},
})

test('a run is read with its steps', () => {
  const run = planRunOf(
    record({ Name: 'After delivery', PlanName: 'Care', State: 'Running', TaskCount: 4, DoneCount: 1, Steps: '[{"name":"Call","state":"open"}]' }),
  )
  expect(run.steps).toEqual([{ name: 'Call', state: 'open' }])
  expect(doneShare(run)).toBe(0.25)
})

test('steps that may not be read are none', () => {
  expect(planRunOf(record({ Name: 'X', Steps: null })).steps).toEqual([])
})

test('an open task whose time has passed is late; one that is done is not', () => {
  const now = new Date('2026-11-22T10:00:00Z').getTime()
  expect(isLate({ name: 'A', state: 'open', due: '2026-11-22T09:00:00+00:00' }, now)).toBe(true)
  expect(isLate({ name: 'A', state: 'done', due: '2026-11-22T09:00:00+00:00' }, now)).toBe(false)
})
