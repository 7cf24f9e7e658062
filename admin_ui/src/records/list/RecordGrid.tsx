// The grid: a header that sorts, rows that exist only while they are in sight, arrow keys from cell to cell.
import { CaretDownFilled, CaretUpFilled } from '@ant-design/icons'
import { useVirtualizer } from '@tanstack/react-virtual'
import Checkbox from 'antd/es/checkbox'
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { ListColumn, ListRecord, Order } from '../../api/types'
import { usePreferences } from '../../frame/preferences'
import { isNumeric } from '../format'
import { columnTrack } from './columnWidth'

export interface Selection {
  ids: ReadonlySet<string>
  onChange: (ids: ReadonlySet<string>) => void
}

interface RecordGridProps {
  label: string
  columns: ListColumn[]
  records: ListRecord[]
  order: Order[]
  onOrder: ((field: string) => void) | null
  selection?: Selection
  cell: (column: ListColumn, record: ListRecord) => ReactNode
  /** Enter or F2 on a cell. */
  onOpenCell?: (column: ListColumn, record: ListRecord) => void
  editing?: { id: string; path: string } | null
  hasMore: boolean
  onMore: () => void
}

const AHEAD = 15

export function RecordGrid(props: RecordGridProps) {
  const { label, columns, records, order, onOrder, selection, cell, onOpenCell, editing, hasMore, onMore } = props
  const { t } = useTranslation()
  const { density } = usePreferences()
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState<{ row: number; column: number }>({ row: 0, column: 0 })
  const mustFocus = useRef(false)
  const rowHeight = density === 'compact' ? 34 : 44

  const rows = useVirtualizer({
    count: records.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  })
  useEffect(() => rows.measure(), [rows, rowHeight])

  const items = rows.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (hasMore && last >= records.length - AHEAD) onMore()
  }, [hasMore, last, records.length, onMore])

  useEffect(() => {
    if (!mustFocus.current) return
    mustFocus.current = false
    scroller.current?.querySelector<HTMLElement>(`[data-cell="${active.row}:${active.column}"]`)?.focus()
  })

  // Measured once, of the first rows: a list does not move about while it is read.
  const [contents, setContents] = useState<number[]>([])
  const hasRows = items.length > 0
  useLayoutEffect(() => {
    if (hasRows && scroller.current) setContents(contentWidths(scroller.current, columns.length))
  }, [hasRows, columns.length])

  const tracks = columns.map((column, index) => columnTrack(column.type, contents[index] ?? 0))
  const template = `${selection ? '40px ' : ''}${tracks.map(({ least, share }) => `minmax(${least}px, ${share}fr)`).join(' ')}`
  const width = tracks.reduce((sum, { least }) => sum + least, selection ? 40 : 0)
  const style = { gridTemplateColumns: template, minWidth: width }

  function onKeyDown(event: KeyboardEvent) {
    if (editing || !(event.target instanceof HTMLElement)) return
    const at = event.target.closest<HTMLElement>('[data-cell]')
    if (at === null || event.target.closest('input')) return
    const [row = 0, column = 0] = (at.dataset.cell ?? '').split(':').map(Number)
    const moves: Record<string, [number, number]> = {
      ArrowDown: [1, 0],
      ArrowUp: [-1, 0],
      ArrowRight: [0, 1],
      ArrowLeft: [0, -1],
      PageDown: [15, 0],
      PageUp: [-15, 0],
    }
    const move = moves[event.key]
    if (move) {
      event.preventDefault()
      const next = {
        row: Math.max(0, Math.min(records.length - 1, row + move[0])),
        column: Math.max(0, Math.min(columns.length - 1, column + move[1])),
      }
      mustFocus.current = true
      rows.scrollToIndex(next.row)
      setActive(next)
      return
    }
    const [record, shown] = [records[row], columns[column]]
    if (!record || !shown) return
    if ((event.key === 'Enter' && event.target === at) || event.key === 'F2') {
      event.preventDefault()
      onOpenCell?.(shown, record)
    } else if (event.key === ' ' && selection) {
      event.preventDefault()
      toggle(record.id)
    }
  }

  function toggle(id: string) {
    if (!selection) return
    const ids = new Set(selection.ids)
    if (!ids.delete(id)) ids.add(id)
    selection.onChange(ids)
  }

  const selected = selection?.ids.size ?? 0
  const areAllSelected = selected > 0 && records.every((record) => selection?.ids.has(record.id))

  return (
    <div ref={scroller} className="grid">
      <div
        role="grid"
        aria-label={label}
        aria-rowcount={hasMore ? -1 : records.length + 1}
        aria-colcount={columns.length}
        onKeyDown={onKeyDown}
      >
        <div role="rowgroup" className="grid-head" style={{ minWidth: width }}>
          <div role="row" aria-rowindex={1} className="grid-row" style={style}>
            {selection && (
              <div role="columnheader" className="grid-cell grid-check">
                <Checkbox
                  checked={areAllSelected}
                  indeterminate={selected > 0 && !areAllSelected}
                  aria-label={t('list.selectAll')}
                  onChange={() =>
                    selection.onChange(areAllSelected ? new Set() : new Set(records.map((record) => record.id)))
                  }
                />
              </div>
            )}
            {columns.map((column) => (
              <HeaderCell key={column.path} column={column} order={order} onOrder={onOrder} />
            ))}
          </div>
        </div>
        <div role="rowgroup" className="grid-body" style={{ height: rows.getTotalSize(), minWidth: width }}>
          {items.map((item) => {
            const record = records[item.index]
            if (record === undefined) return null
            const isEdited = editing?.id === record.id
            return (
              <div
                key={record.id}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={selection ? selection.ids.has(record.id) : undefined}
                className={`grid-row${isEdited ? ' grid-row-edited' : ''}${selection?.ids.has(record.id) ? ' grid-row-selected' : ''}`}
                style={{ ...style, height: item.size, transform: `translateY(${item.start}px)` }}
              >
                {selection && (
                  <div role="gridcell" className="grid-cell grid-check">
                    <Checkbox
                      checked={selection.ids.has(record.id)}
                      aria-label={t('list.selectRow', { row: item.index + 1 })}
                      onChange={() => toggle(record.id)}
                    />
                  </div>
                )}
                {columns.map((column, index) => (
                  <div
                    key={column.path}
                    role="gridcell"
                    aria-colindex={index + 1}
                    data-cell={`${item.index}:${index}`}
                    tabIndex={active.row === item.index && active.column === index ? 0 : -1}
                    className={`grid-cell${isNumeric(column.type) ? ' numeric' : ''}`}
                    onFocus={() => setActive({ row: item.index, column: index })}
                    onDoubleClick={() => onOpenCell?.(column, record)}
                  >
                    {cell(column, record)}
                  </div>
                ))}
              </div>
            )
          })}
        </div>
      </div>
      {hasMore && (
        // A grid holds rows and nothing else.
        <div role="row" className="grid-more muted">
          <span role="gridcell" aria-live="polite">
            {t('list.loadingMore')}
          </span>
        </div>
      )}
    </div>
  )
}

/** The widest text of each column among the rows that are drawn, its header included, in pixels. */
function contentWidths(grid: HTMLElement, columns: number): number[] {
  const headers = grid.querySelectorAll('[role=columnheader] .ellipsis')
  return Array.from({ length: columns }, (_, column) => {
    const texts = [headers[column], ...grid.querySelectorAll(`[data-cell$=":${column}"] .ellipsis`)]
    return Math.max(0, ...texts.map((text) => text?.scrollWidth ?? 0))
  })
}

function HeaderCell({
  column,
  order,
  onOrder,
}: {
  column: ListColumn
  order: Order[]
  onOrder: RecordGridProps['onOrder']
}) {
  const sorted = order.find((each) => each.field === column.path)
  const direction = sorted === undefined ? 'none' : sorted.descending ? 'descending' : 'ascending'
  const isSortable = column.sortable && onOrder !== null
  return (
    <div
      role="columnheader"
      aria-sort={isSortable ? direction : undefined}
      className={`grid-cell${isNumeric(column.type) ? ' numeric' : ''}`}
    >
      {isSortable ? (
        <button type="button" className="grid-sort" title={column.label} onClick={() => onOrder(column.path)}>
          <span className="ellipsis">{column.label}</span>
          {direction === 'ascending' && <CaretUpFilled aria-hidden />}
          {direction === 'descending' && <CaretDownFilled aria-hidden />}
        </button>
      ) : (
        <span className="ellipsis" title={column.label}>
          {column.label}
        </span>
      )}
    </div>
  )
}
