// A table of what a query answered: lines while it loads, a sentence when it is empty, the reason when it failed.
import Button from 'antd/es/button'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { EmptyState, ErrorState, Lines } from './states'

export interface Column<Row> {
  key: string
  title: ReactNode
  cell: (row: Row) => ReactNode
  /** Of head and cells: `numeric`, `tabular`, `cell-actions`; of cells alone: `mono`, `cell-text`, `cell-long`. */
  className?: string
}

interface TableQuery {
  error: unknown
  isPending: boolean
  refetch: () => unknown
  /** Of a query that comes page by page. */
  hasNextPage?: boolean
  isFetchingNextPage?: boolean
  fetchNextPage?: () => unknown
}

interface DataTableProps<Row> {
  query: TableQuery
  rows: Row[]
  columns: Column<Row>[]
  rowKey: (row: Row) => string
  empty: string
  hint?: string
  /** What the table is of, where no heading says it. */
  label?: string
}

export function DataTable<Row>({ query, rows, empty, hint, ...table }: DataTableProps<Row>) {
  const { t } = useTranslation()
  if (query.error) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  if (query.isPending) return <Lines />
  if (rows.length === 0) return <EmptyState title={empty} hint={hint} />
  return (
    <>
      <Rows rows={rows} {...table} />
      {query.hasNextPage && (
        <Button type="link" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage?.()}>
          {t('action.showMore')}
        </Button>
      )}
    </>
  )
}

function Rows<Row>({ rows, columns, rowKey, label }: Pick<DataTableProps<Row>, 'rows' | 'columns' | 'rowKey' | 'label'>) {
  return (
    // Who has no mouse must reach what lies beyond the edge.
    <div className="card scroll-x" tabIndex={0}>
      <table className="plain-table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={ofHead(column.className)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <td key={column.key} className={column.className}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const OF_CELLS = ['mono', 'cell-text', 'cell-long']

function ofHead(names: string | undefined): string | undefined {
  return names?.split(' ').filter((name) => !OF_CELLS.includes(name)).join(' ') || undefined
}

/** The last column of most tables: what one can do with a row. Its head is for those who hear it. */
export function useActionsColumn<Row>(cell: (row: Row) => ReactNode): Column<Row> {
  const { t } = useTranslation()
  const title = <span className="visually-hidden">{t('action.more')}</span>
  return { key: 'actions', title, className: 'cell-actions', cell }
}

/** The query of rows that are there already. */
export const LOADED: TableQuery = { error: null, isPending: false, refetch: () => undefined }
