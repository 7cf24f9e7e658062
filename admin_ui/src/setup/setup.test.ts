import { describe, expect, it } from 'vitest'
import type { PermissionSet, PermissionSetDraft, Role } from '../api/types'
import { viewName } from '../records/list/viewName'
import { proposeName } from './apiName'
import { formValues, MAKEABLE, settingsOf, toFieldDraft } from './fieldTypes'
import { grantedRights, isSame, setFieldRight, setObjectRights, tidyMuting, toggleRight } from './permissions'
import { roleTree } from './roleTree'

describe('names', () => {
  it('are proposed from a Latin label and left to the person for a Chinese one', () => {
    expect(proposeName('Loan car (spare)')).toBe('LoanCarSpare')
    expect(proposeName('Modèle 2')).toBe('Modele2')
    expect(proposeName('试驾车')).toBe('')
    expect(proposeName('2 wheels')).toBe('Wheels')
  })

  it('of views never meet one that is taken', () => {
    expect(viewName('Hot leads', [])).toBe('HotLeads__c')
    expect(viewName('热门', [{ name: 'View__c' }])).toBe('View2__c')
  })
})

describe('a new field', () => {
  it('sends only the keys that its type has', () => {
    const base = { ...formValues(), label: ' 颜色 ', name: 'Colour' }
    expect(toFieldDraft({ ...base, type: 'text', length: 40, required: true })).toEqual({
      name: 'Colour',
      label: '颜色',
      type: 'text',
      length: 40,
      required: true,
    })
    expect(toFieldDraft({ ...base, type: 'checkbox', required: true, default: true })).toEqual({
      name: 'Colour',
      label: '颜色',
      type: 'checkbox',
      default: true,
    })
    expect(toFieldDraft({ ...base, type: 'lookup', references: ['Account'], on_delete: 'restrict' })).toEqual({
      name: 'Colour',
      label: '颜色',
      type: 'lookup',
      references: 'Account',
      on_delete: 'restrict',
    })
    expect(toFieldDraft({ ...base, type: 'auto_number', format: 'L-{00000}' })).toMatchObject({ format: 'L-{00000}' })
  })

  it('takes values by label or API value and drops empty rows', () => {
    const rows = [
      { value: '', label: '红', active: true, controlled_by: ['Retail'] },
      { value: 'Blue', label: '', active: false, controlled_by: [] },
      { value: ' ', label: '', active: true, controlled_by: [] },
    ]
    const draft = toFieldDraft({
      ...formValues(),
      label: '颜色',
      name: 'Colour',
      type: 'picklist',
      values: rows,
      controlling_field: 'Channel',
    })
    expect(draft.values).toEqual([
      { value: '红', label: '红', controlled_by: ['Retail'] },
      { value: 'Blue', label: 'Blue', active: false },
    ])
    expect(draft.controlling_field).toBe('Channel')
  })

  it('has settings for every type that can be made', () => {
    for (const type of MAKEABLE) expect(settingsOf(type)).toBeDefined()
  })
})

describe('rights', () => {
  it('bring along what they need and take along what needs them', () => {
    expect(toggleRight([], 'delete', true)).toEqual(['read', 'update', 'delete'])
    expect(toggleRight(['create', 'read', 'update'], 'read', false)).toEqual([])
    expect(toggleRight(['read', 'update', 'delete', 'view_all', 'modify_all'], 'update', false)).toEqual([
      'read',
      'view_all',
    ])
  })

  it('vanish from the set when none is left', () => {
    const draft: PermissionSetDraft = {
      label: '',
      description: null,
      objects: { Lead: ['read'] },
      fields: { 'Lead.*': 'read' },
      system: [],
      apps: [],
    }
    expect(setObjectRights(draft, 'Lead', []).objects).toEqual({})
    expect(setFieldRight(draft, 'Lead', 'Phone', 'edit').fields).toEqual({ 'Lead.*': 'read', 'Lead.Phone': 'edit' })
    expect(setFieldRight(draft, 'Lead', '*', null).fields).toEqual({})
  })
})

describe('roles', () => {
  const role = (id: string, parent_id: string | null): Role => ({ id, name: id, label: id, parent_id })

  it('stand below their superiors; none is lost to a missing superior or a circle', () => {
    const tree = roleTree([
      role('HQ', null),
      role('Region', 'HQ'),
      role('Lost', 'Gone'),
      role('A', 'B'),
      role('B', 'A'),
    ])
    expect(tree.map((node) => node.key)).toEqual(['HQ', 'Lost', 'A', 'B'])
    expect(tree[0]?.children.map((node) => node.key)).toEqual(['Region'])
  })
})

describe('a permission set', () => {
  it('is the same whatever the order of its names', () => {
    const draft = { label: 'A', description: null, fields: {}, system: [], apps: [] }
    const [one, other] = [{ Lead: ['read' as const], Task: [] }, { Task: [], Lead: ['read' as const] }]
    expect(isSame({ ...draft, objects: one }, { ...draft, objects: other })).toBe(true)
    expect(isSame({ ...draft, objects: one }, { ...draft, objects: { ...other, Lead: [] } })).toBe(false)
  })
})

describe('a group of permission sets', () => {
  it('can take what its sets grant together', () => {
    const sets = [{ objects: { Lead: ['read'] } }, { objects: { Lead: ['create', 'read'], Task: ['read'] } }]
    expect(grantedRights(sets as unknown as PermissionSet[])).toEqual({ Lead: ['create', 'read'], Task: ['read'] })
  })

  it('says nothing of what it does not mute', () => {
    expect(tidyMuting({ objects: { Lead: [] }, fields: {}, permissions: [] })).toBeUndefined()
    expect(tidyMuting({ objects: { Lead: ['create'], Task: [] }, permissions: [] })).toEqual({
      objects: { Lead: ['create'] },
    })
  })
})
