// One stage with its cards; a card is dragged, or sent to a stage by its menu where dragging is no option.
import { SwapOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Dropdown from 'antd/es/dropdown'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { FieldJson, ListColumn, ListRequest, ObjectDescribe, Path, Stage } from '../../api/types'
import { ErrorState, Lines } from '../../frame/states'
import { useDropTarget } from '../../frame/useDropTarget'
import { CellValue } from './CellValue'
import type { Dragged } from './Kanban'
import { RecordLink } from './RecordLink'
import { useRecordList } from './useRecordList'

interface KanbanColumnProps {
  describe: ObjectDescribe
  path: Path
  stage: Stage
  request: ListRequest
  dragged: Dragged | null
  onDrag: ((card: Dragged | null) => void) | null
  onMove: (card: Dragged, to: Stage) => void
}

const SHOWN = 3

export function KanbanColumn({ describe, path, stage, request, dragged, onDrag, onMove }: KanbanColumnProps) {
  const { t } = useTranslation()
  const { isOver, handlers } = useDropTarget(dragged && (() => onMove(dragged, stage)))
  const rows = useRecordList(describe.name, request)
  const records = useMemo(() => rows.data?.pages.flatMap((page) => page.records) ?? [], [rows.data])
  const columns = rows.data?.pages[0]?.columns ?? []
  const title = columns.find((column) => column.path === describe.name_field) ?? columns[0]
  const keys = stage.key_fields.length > 0 ? stage.key_fields : describe.compact_fields
  const isShown = (column: ListColumn) => column !== title && column.path !== path.field
  const shown = [
    ...columns.filter((column) => isShown(column) && keys.includes(column.path)),
    ...columns.filter((column) => isShown(column) && !keys.includes(column.path)),
  ]

  return (
    <div
      role="listitem"
      className={`kanban-column${isOver ? ' kanban-over' : ''}${stage.lost ? ' kanban-lost' : stage.closed ? ' kanban-closed' : ''}`}
      aria-label={stage.label}
      {...handlers}
    >
      <header>
        <h2>{stage.label}</h2>
        <span className="muted tabular">
          {records.length}
          {rows.hasNextPage ? '+' : ''}
        </span>
      </header>
      <div className="kanban-cards">
        {rows.error ? (
          <ErrorState error={rows.error} onRetry={() => void rows.refetch()} />
        ) : rows.data === undefined ? (
          <Lines count={4} />
        ) : (
          records.map((record) => (
            <article
              key={record.id}
              className={`kanban-card${dragged?.record.id === record.id ? ' kanban-dragged' : ''}`}
              draggable={onDrag !== null}
              onDragStart={(event) => {
                event.dataTransfer.effectAllowed = 'move'
                event.dataTransfer.setData('text/plain', record.id)
                onDrag?.({ record, from: stage.value })
              }}
              onDragEnd={() => onDrag?.(null)}
            >
              <div className="kanban-card-head">
                {title && <RecordLink column={title} record={record} describe={describe} />}
                {onDrag !== null && (
                  <Dropdown
                    trigger={['click']}
                    menu={{
                      items: path.stages
                        .filter((each) => each.value !== stage.value)
                        .map((each) => ({ key: each.value, label: each.label })),
                      onClick: ({ key }) => {
                        const to = path.stages.find((each) => each.value === key)
                        if (to) onMove({ record, from: stage.value }, to)
                      },
                    }}
                  >
                    <Button
                      type="text"
                      size="small"
                      icon={<SwapOutlined aria-hidden />}
                      aria-label={t('path.moveTo', { name: String(record.values[describe.name_field] ?? '') })}
                    />
                  </Dropdown>
                )}
              </div>
              <dl>
                {shown
                  .filter((column) => !isBlank(record.values[column.path]))
                  .slice(0, SHOWN)
                  .map((column) => (
                    <div key={column.path}>
                      <dt>{column.label}</dt>
                      <dd>
                        <CellValue column={column} record={record} describe={describe} />
                      </dd>
                    </div>
                  ))}
              </dl>
            </article>
          ))
        )}
        {rows.hasNextPage && (
          <Button type="link" loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>
            {t('action.showMore')}
          </Button>
        )}
      </div>
    </div>
  )
}

const isBlank = (value: FieldJson | undefined) => value === null || value === undefined || value === ''
