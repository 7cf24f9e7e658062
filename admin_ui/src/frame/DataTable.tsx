// A table of what a query answered: lines while it loads, a sentence when it is empty, the reason when it failed.
import type { ReactNode } from 'react'
import { EmptyState, ErrorState, Lines } from './states'

export interface Column<Row> {
  key: string
  title: ReactNode
  cell: (row: Row) => ReactNode
  /** Of head and cells: `numeric`, `tabular`, `cell-actions`; of cells alone: `mono`. */
  className?: string
}

interface DataTableProps<Row> {
  query: { error: unknown; isPending: boolean; refetch: () => unknown }
  rows: Row[]
  columns: Column<Row>[]
  rowKey: (row: Row) => string
  empty: string
  hint?: string
}

export function DataTable<Row>({ query, rows, columns, rowKey, empty, hint }: DataTableProps<Row>) {
  if (query.error) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  if (query.isPending) return <Lines />
  if (rows.length === 0) return <EmptyState title={empty} hint={hint} />
  return (
    <div className="card scroll-x">
      <table className="plain-table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={column.className === 'mono' ? undefined : column.className}>
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
