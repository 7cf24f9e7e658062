import { expect, test } from 'vitest'
import type { MergeField, MergePreview } from '../../api/merging'
import { idsOf, mergeDraft, shownFields, sourceOf } from './merging'

const field = (name: string, source: string, more: Partial<MergeField> = {}): MergeField => ({
  name,
  label: name,
  differs: true,
  source,
  canChoose: true,
  ...more,
})
const record = (id: string, values: Record<string, string | null>) => ({
  id,
  version: 3,
  record_type_id: null,
  values,
  labels: {},
})
const PREVIEW: MergePreview = {
  object: 'Thing',
  masterId: 'a',
  records: [record('a', { City: 'Ulm', Phone: null }), record('b', { City: 'Bonn', Phone: '1' })],
  fields: [
    field('City', 'a'),
    field('Phone', 'b'),
    field('Consent', 'b', { canChoose: false }),
    field('Country', 'a', { differs: false }),
  ],
  related: [],
}

test('what is blank everywhere is not shown, and what is equal only when asked for', () => {
  expect(shownFields(PREVIEW, true).map((each) => each.name)).toEqual(['City', 'Phone'])
  const same = { ...PREVIEW, records: PREVIEW.records.map((each) => ({ ...each, values: { ...each.values, Country: 'DE' } })) }
  expect(shownFields(same, false).map((each) => each.name)).toEqual(['City', 'Phone', 'Country'])
})

test('only what was chosen otherwise is sent', () => {
  expect(mergeDraft(PREVIEW, { City: 'b', Phone: 'b' }, ' twice ')).toEqual({
    masterId: 'a',
    ids: ['b'],
    sources: { City: 'b' },
    values: {},
    version: 3,
    reason: 'twice',
  })
})

test('what a rule decides can not be chosen', () => {
  expect(sourceOf(PREVIEW.fields[2]!, { Consent: 'a' })).toBe('b')
})

test('an address names each record once, and no more than can be merged', () => {
  expect(idsOf(new URLSearchParams('ids=a,b,,a,c,d'))).toEqual(['a', 'b', 'c'])
})
