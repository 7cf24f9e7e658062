// An object as the server describes it, for tests.
import type { FieldDescribe, ObjectDescribe } from '../api/types'
import { blankField } from './fields/blankField'

const value = (name: string, ...controlled_by: string[]) => ({ value: name, label: name, active: true, controlled_by })

export function testObject(): ObjectDescribe {
  const fields: FieldDescribe[] = [
    {
      ...blankField('Name', '姓名', 'text'),
      createable: false,
      updateable: false,
      components: ['LastName', 'FirstName'],
    },
    { ...blankField('LastName', '姓', 'text'), required: true, compound: 'Name' },
    { ...blankField('FirstName', '名', 'text'), compound: 'Name' },
    { ...blankField('Channel', '渠道', 'picklist'), values: [value('Retail'), value('Online')] },
    {
      ...blankField('Source', '来源', 'picklist'),
      controlling_field: 'Channel',
      values: [value('WalkIn', 'Retail'), value('Ad', 'Online'), value('Friend')],
    },
    { ...blankField('Detail', '明细', 'picklist'), controlling_field: 'Source', values: [value('Search', 'Ad')] },
    {
      ...blankField('Status', '状态', 'picklist'),
      required: true,
      default: 'New',
      values: [value('New'), { ...value('Old'), active: false }],
    },
    { ...blankField('Colour__c', '颜色', 'text'), custom: true },
    { ...blankField('Budget', '预算', 'currency'), required: true },
    { ...blankField('CreatedDate', '创建时间', 'datetime'), createable: false, updateable: false, system: true },
  ]
  return {
    name: 'Thing',
    label: '事物',
    plural_label: '事物',
    key_prefix: 'a00',
    icon: null,
    custom: false,
    has_owner: true,
    searchable: true,
    name_field: 'Name',
    permissions: { create: true, read: true, update: true, delete: true, view_all: false },
    fields: Object.fromEntries(fields.map((field) => [field.name, field])),
    record_types: [
      { id: '012A', name: 'Personal', label: '个人', default: true, picklists: {} },
      { id: '012B', name: 'Fleet', label: '车队', default: false, picklists: { Source: ['Ad'] } },
    ],
    layouts: [
      {
        name: 'Main',
        record_types: null,
        sections: [{ label: '联系方式', columns: 2, fields: ['Name', 'Channel', 'Source', 'Hidden'] }],
        related_lists: [],
      },
    ],
    paths: [],
    list_views: [
      {
        name: 'All',
        label: '全部',
        columns: ['Name', 'Status'],
        filters: [],
        logic: null,
        order_by: [],
        owner: 'everyone',
        default: false,
        custom: false,
      },
      {
        name: 'Open',
        label: '进行中',
        columns: ['Name', 'Budget'],
        filters: [{ field: 'Status', operator: '=', value: 'New' }],
        logic: null,
        order_by: [{ field: 'CreatedDate', descending: true }],
        owner: 'mine',
        default: true,
        custom: false,
      },
    ],
    children: [],
    compact_fields: ['Status'],
  }
}
