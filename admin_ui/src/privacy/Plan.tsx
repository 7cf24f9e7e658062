// What becomes of a person's records, object by object, and why some stay.
import { useTranslation } from 'react-i18next'
import type { PlanLine } from '../api/privacy'
import { useWords } from '../audit/useLabels'
import { DataTable, LOADED, type Column } from '../frame/DataTable'

interface Row extends Partial<PlanLine> {
  object: string
  records: number
}

/** `objects` are lines of a plan, or plain counts of records. */
export function Plan({ objects }: { objects: Record<string, PlanLine | number> }) {
  const { t } = useTranslation()
  const rows = Object.entries(objects).map(
    ([object, line]): Row => (typeof line === 'number' ? { object, records: line } : { object, ...line }),
  )
  const words = useWords(rows.map((row) => row.object))
  const columns: Column<Row>[] = [
    { key: 'object', title: t('privacy.object'), cell: (row) => words.object(row.object) },
    { key: 'records', title: t('privacy.records'), className: 'numeric', cell: (row) => row.records },
  ]
  if (rows.some((row) => row.action !== undefined))
    columns.push(
      { key: 'action', title: t('privacy.action'), cell: (row) => row.action && t(`privacy.actions.${row.action}`) },
      { key: 'why', title: t('privacy.why'), cell: (row) => <Why row={row} /> },
    )
  return (
    <DataTable
      query={LOADED}
      rows={rows}
      columns={columns}
      rowKey={(row) => row.object}
      empty={t('privacy.nothing')}
      label={t('privacy.plan')}
    />
  )
}

function Why({ row }: { row: Row }) {
  const { t } = useTranslation()
  return (
    <>
      {row.reason}
      {row.until && ` ${t('privacy.until', { time: row.until })}`}
      {row.held !== undefined && t('privacy.held', { count: row.held, reason: row.held_because })}
    </>
  )
}
