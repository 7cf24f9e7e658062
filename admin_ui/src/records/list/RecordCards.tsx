// The list on a phone: one card a record, its name first, then what the other columns say.
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { ListColumn, ListRecord, ObjectDescribe } from '../../api/types'
import { CellValue } from './CellValue'
import { RecordLink } from './RecordLink'

interface RecordCardsProps {
  label: string
  describe: ObjectDescribe
  columns: ListColumn[]
  records: ListRecord[]
  hasMore: boolean
  onMore: () => void
}

const SHOWN = 4

export function RecordCards({ label, describe, columns, records, hasMore, onMore }: RecordCardsProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: records.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 104,
    overscan: 6,
  })
  const items = rows.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (hasMore && last >= records.length - 10) onMore()
  }, [hasMore, last, records.length, onMore])

  const title = columns.find((column) => column.path === describe.name_field) ?? columns[0]
  const rest = columns.filter((column) => column !== title).slice(0, SHOWN)

  return (
    <div ref={scroller} className="cards-scroll">
      <ul className="cards" aria-label={label} style={{ height: rows.getTotalSize() }}>
        {items.map((item) => {
          const record = records[item.index]
          if (record === undefined || title === undefined) return null
          return (
            <li
              key={record.id}
              data-index={item.index}
              ref={rows.measureElement}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <div
                className="record-card"
                onClick={(event) => isPlain(event.target) && void navigate(`/r/${record.id}`)}
              >
                <RecordLink column={title} record={record} describe={describe} />
                <dl>
                  {rest.map((column) => (
                    <div key={column.path}>
                      <dt>{column.label}</dt>
                      <dd>
                        <CellValue column={column} record={record} describe={describe} mayCall />
                      </dd>
                    </div>
                  ))}
                </dl>
              </div>
            </li>
          )
        })}
      </ul>
      {hasMore && (
        <div className="grid-more muted" role="status">
          {t('list.loadingMore')}
        </div>
      )}
    </div>
  )
}

/** A tap on a telephone number calls; a tap anywhere else opens the record. */
function isPlain(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a, button') === null
}
