// The table of a list: sorting, selecting, deleting what is selected, and editing in the cells.
import { DeleteOutlined, EditOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { lazy, Suspense, useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { list, read, remove, undelete } from '../../api/endpoints'
import type { FieldJson, ListColumn, ListRecord, ListRequest, ObjectDescribe, Values } from '../../api/types'
import { ListActions } from '../../automation/ListActions'
import { EmptyState, ErrorState, Lines } from '../../frame/states'
import { useAsk } from '../../frame/useAsk'
import { useErrorText } from '../../frame/useErrorText'
import { useIsPhone } from '../../frame/useMedia'
import { componentsOf } from '../form/formState'
import { isMaskedAt } from '../masks/masks'
import { RECORD_TYPE } from '../systemFields'
import { nextOrder, type ListState } from '../urlState'
import { CellValue } from './CellValue'
import { fieldOfColumn } from './fieldOfColumn'
import { RecordCards } from './RecordCards'
import { RecordGrid } from './RecordGrid'
import { RecordLink } from './RecordLink'
import { listKey, useRecordList, type ListPages } from './useRecordList'

// The controls of all field types are a third of a list's code, and most lists are only read.
const InlineCell = lazy(async () => ({ default: (await import('./InlineCell')).InlineCell }))

interface ListTableProps {
  describe: ObjectDescribe
  request: ListRequest
  state: ListState
  onChange: (next: Partial<ListState>, replace?: boolean) => void
}

interface Editing {
  id: string
  path: string
  context: Values | null
}

export function ListTable({ describe, request, state, onChange }: ListTableProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const { notification, message } = App.useApp()
  const ask = useAsk()
  const errorText = useErrorText()
  const isPhone = useIsPhone()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [editing, setEditing] = useState<Editing | null>(null)
  const rows = useRecordList(describe.name, request)

  const columns = rows.data?.pages[0]?.columns ?? []
  const records = useMemo(() => rows.data?.pages.flatMap((page) => page.records) ?? [], [rows.data])
  const titlePath = columns.find((column) => column.path === describe.name_field)?.path ?? columns[0]?.path
  const { fetchNextPage, isFetchingNextPage } = rows
  const more = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage()
  }, [fetchNextPage, isFetchingNextPage])

  if (rows.error) return <ErrorState error={rows.error} onRetry={() => void rows.refetch()} />
  if (rows.data === undefined) return <Lines count={12} />
  if (records.length === 0) return <NoRecords describe={describe} request={request} state={state} onChange={onChange} />

  function isEditable(column: ListColumn): boolean {
    const field = describe.fields[column.path]
    return (
      field !== undefined &&
      field.name !== RECORD_TYPE &&
      describe.permissions.update &&
      column.updateable &&
      componentsOf(describe, field).length === 0
    )
  }

  async function startEditing(column: ListColumn, record: ListRecord) {
    const field = describe.fields[column.path]
    const mayEdit = isEditable(column) && !isMaskedAt(record, column.path)
    if (column.path === titlePath && !mayEdit) return void navigate(`/r/${record.id}`)
    if (field === undefined || !mayEdit) return
    const isDependent = field.controlling_field !== null && !(field.controlling_field in record.values)
    try {
      const context = isDependent ? (await read(record.id)).values : null
      setEditing({ id: record.id, path: column.path, context })
    } catch (error) {
      message.error(errorText(error))
    }
  }

  function patchRow(id: string, patch: (record: ListRecord) => ListRecord) {
    client.setQueryData<ListPages>(
      listKey(describe.name, request),
      (data) =>
        data && {
          ...data,
          pages: data.pages.map((page) => ({
            ...page,
            records: page.records.map((record) => (record.id === id ? patch(record) : record)),
          })),
        },
    )
  }

  function saved(record: ListRecord, path: string, value: FieldJson, version: number, label: string | undefined) {
    setEditing(null)
    patchRow(record.id, (row) => ({
      ...row,
      version,
      values: { ...row.values, [path]: value },
      labels: label === undefined ? row.labels : { ...row.labels, [path]: label },
    }))
    void client.invalidateQueries({ queryKey: ['record', record.id] })
    // Formulas and rules may have changed more than this cell: fetch that one row again.
    void list(describe.name, {
      ...request,
      filters: [{ field: 'Id', operator: '=', value: record.id }],
      logic: null,
      search: null,
      owner: 'everyone',
      order_by: [],
      limit: 1,
    })
      .then((answer) => {
        const [fresh] = answer.records
        if (fresh) patchRow(record.id, () => fresh)
      })
      .catch(() => undefined)
  }

  function askDelete() {
    ask({
      title: t('list.deleteTitle', { count: selected.size }),
      content: t('record.deleteText'),
      okText: t('action.delete'),
      act: deleteSelected,
    })
  }

  async function deleteSelected() {
    const ids = [...selected]
    const results = await Promise.allSettled(ids.map((id) => remove(id)))
    const failed = results.flatMap((result) => (result.status === 'rejected' ? [errorText(result.reason)] : []))
    const gone = ids.filter((_, index) => results[index]?.status === 'fulfilled')
    setSelected(new Set(ids.filter((id) => !gone.includes(id))))
    void client.invalidateQueries({ queryKey: ['list', describe.name] })
    if (gone.length > 0) {
      const key = `deleted-${gone[0]}`
      notification.info({
        key,
        title: t('list.deleted', { count: gone.length }),
        actions: (
          <Button
            onClick={() => {
              notification.destroy(key)
              void Promise.allSettled(gone.map((id) => undelete(id))).then(() =>
                client.invalidateQueries({ queryKey: ['list', describe.name] }),
              )
            }}
          >
            {t('action.undo')}
          </Button>
        ),
      })
    }
    if (failed.length > 0) {
      notification.error({
        title: t('list.notDeleted', { count: failed.length }),
        description: [...new Set(failed)].join(' '),
        duration: 0,
      })
    }
  }

  const label = describe.plural_label
  if (isPhone) {
    return (
      <RecordCards
        key={JSON.stringify(request)}
        label={label}
        describe={describe}
        columns={columns}
        records={records}
        hasMore={rows.hasNextPage}
        onMore={more}
      />
    )
  }
  return (
    <>
      {selected.size > 0 && (
        <div className="bulk-bar" role="region" aria-label={t('list.bulk')}>
          <span>{t('list.selected', { count: selected.size })}</span>
          <ListActions describe={describe} records={records} selected={selected} onSelect={setSelected} />
          {describe.permissions.delete && (
            <Button danger icon={<DeleteOutlined aria-hidden />} onClick={askDelete}>
              {t('action.delete')}
            </Button>
          )}
          <Button type="text" onClick={() => setSelected(new Set())}>
            {t('list.clearSelection')}
          </Button>
        </div>
      )}
      <RecordGrid
        // Another request is another list: it begins at its top.
        key={JSON.stringify(request)}
        label={label}
        columns={columns}
        records={records}
        order={request.order_by}
        onOrder={(field) => onChange({ order: nextOrder(request.order_by, field) })}
        selection={{ ids: selected, onChange: setSelected }}
        editing={editing}
        onOpenCell={(column, record) => void startEditing(column, record)}
        hasMore={rows.hasNextPage}
        onMore={more}
        cell={(column, record) => {
          const field = fieldOfColumn(column, describe)
          if (editing?.id === record.id && editing.path === column.path) {
            return (
              <Suspense fallback={null}>
                <InlineCell
                  field={field}
                  record={record}
                  describe={describe}
                  context={editing.context}
                  onClose={() => setEditing(null)}
                  onSaved={(value, version, name) => saved(record, column.path, value, version, name)}
                />
              </Suspense>
            )
          }
          return (
            <>
              <span className="ellipsis">
                {column.path === titlePath ? (
                  <RecordLink column={column} record={record} describe={describe} />
                ) : (
                  <CellValue column={column} record={record} describe={describe} />
                )}
              </span>
              {isEditable(column) && !isMaskedAt(record, column.path) && (
                <button
                  type="button"
                  className="pencil"
                  tabIndex={-1}
                  aria-label={t('record.editField', { field: column.label })}
                  onClick={() => void startEditing(column, record)}
                >
                  <EditOutlined aria-hidden />
                </button>
              )}
            </>
          )
        }}
      />
    </>
  )
}

function NoRecords({ describe, request, state, onChange }: ListTableProps) {
  const { t } = useTranslation()
  const isNarrowed = request.filters.length > 0 || request.search !== null || request.owner === 'mine'
  return (
    <EmptyState
      title={t('list.empty', { object: describe.plural_label })}
      hint={isNarrowed ? t('list.emptyHint') : undefined}
      action={
        <div className="row">
          {isNarrowed && (
            <Button onClick={() => onChange({ ...state, filters: [], logic: null, owner: 'everyone', search: '' })}>
              {t('list.clearFilters')}
            </Button>
          )}
          {describe.permissions.create && (
            <Link to={`/o/${describe.name}/new`}>
              <Button type="primary" tabIndex={-1}>
                {t('form.new', { object: describe.label })}
              </Button>
            </Link>
          )}
        </div>
      }
    />
  )
}
