// The list by stages of a path: a column a stage; a card dragged to another stage is saved, or comes back with the reason.
import { useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client'
import { update } from '../../api/endpoints'
import type { ListRecord, ListRequest, ObjectDescribe, Path, Stage } from '../../api/types'
import { useErrorText } from '../../frame/useErrorText'
import { KanbanColumn } from './KanbanColumn'
import { stageRequest } from './stageRequest'
import { listKey, type ListPages } from './useRecordList'

interface KanbanProps {
  describe: ObjectDescribe
  path: Path
  request: ListRequest
}

export interface Dragged {
  record: ListRecord
  from: string
}

export function Kanban({ describe, path, request }: KanbanProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { notification } = App.useApp()
  const errorText = useErrorText()
  const [dragged, setDragged] = useState<Dragged | null>(null)
  const [announced, setAnnounced] = useState('')
  const requests = useMemo(
    () => new Map(path.stages.map((stage) => [stage.value, stageRequest(describe, path, request, stage)])),
    [describe, path, request],
  )
  const field = describe.fields[path.field]
  const mayMove = describe.permissions.update && (field?.updateable ?? false)

  function put(stage: string, change: (records: ListRecord[]) => ListRecord[]) {
    const of = requests.get(stage)
    if (of === undefined) return
    client.setQueryData<ListPages>(listKey(describe.name, of), (data) => {
      if (data === undefined) return data
      const [first, ...rest] = data.pages
      if (first === undefined) return data
      // Whatever page a card is on: it is taken out of all and put on the first.
      const all = [first, ...rest].map((page) => ({ ...page, records: page.records }))
      const changed = change(all.flatMap((page) => page.records))
      const kept = new Set(changed.map((record) => record.id))
      const known = new Set(all.flatMap((page) => page.records.map((record) => record.id)))
      const added = changed.filter((record) => !known.has(record.id))
      const pages = all.map((page, index) => ({
        ...page,
        records: [
          ...(index === 0 ? added : []),
          ...page.records
            .filter((record) => kept.has(record.id))
            .map((record) => changed.find((each) => each.id === record.id) ?? record),
        ],
      }))
      return { ...data, pages }
    })
  }

  async function move({ record, from }: Dragged, stage: Stage) {
    setDragged(null)
    if (from === stage.value || !mayMove) return
    const name = String(record.values[describe.name_field] ?? record.id)
    const without = (records: ListRecord[]) => records.filter((each) => each.id !== record.id)
    const moved = { ...record, values: { ...record.values, [path.field]: stage.value } }
    // It moves at once; a refusal moves it back.
    put(from, without)
    put(stage.value, (records) => [moved, ...without(records)])
    try {
      const written = await update(record.id, { [path.field]: stage.value }, record.version)
      put(stage.value, (records) =>
        records.map((each) => (each.id === record.id ? { ...moved, version: written.version } : each)),
      )
      setAnnounced(t('path.movedRecord', { name, stage: stage.label }))
      void client.invalidateQueries({ queryKey: ['record', record.id] })
    } catch (error) {
      put(stage.value, without)
      put(from, (records) => [record, ...without(records)])
      const isStale = error instanceof ApiError && error.isStale
      notification.error({
        title: t('path.refused', { name, stage: stage.label }),
        description: isStale ? t('conflict.reloaded') : errorText(error),
        duration: 8,
      })
      if (isStale) void client.invalidateQueries({ queryKey: ['list', describe.name] })
    }
  }

  return (
    <>
      <div className="visually-hidden" aria-live="polite">
        {announced}
      </div>
      <div className="kanban" role="list" aria-label={t('list.kanban')} tabIndex={0}>
        {path.stages.map((stage) => (
          <KanbanColumn
            key={stage.value}
            describe={describe}
            path={path}
            stage={stage}
            request={requests.get(stage.value) ?? request}
            dragged={dragged}
            onDrag={mayMove ? setDragged : null}
            onMove={(card, to) => void move(card, to)}
          />
        ))}
      </div>
    </>
  )
}
