// The rows that failed, as they stand in the file, with what is wrong with each.
import { DownloadOutlined } from '@ant-design/icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { rowErrors, type Import, type Phase, type RowError } from '../api/imports'
import type { ObjectDescribe } from '../api/types'
import { DataTable, type Column } from '../frame/DataTable'
import { saveFile } from '../frame/saveFile'
import { useErrorText } from '../frame/useErrorText'
import { failedRowsFile } from './failedRowsFile'
import { columnsAtFault, rowProblems, type RowProblem } from './rowProblem'
import { IMPORTS } from './useImport'

const SHOWN_ROWS = 100
/** A wide file's other columns are in the download. */
const MOST_COLUMNS = 30

interface RowErrorsProps {
  job: Import
  phase: Phase
  describe: ObjectDescribe
  header: string[]
}

export function RowErrors({ job, phase, describe, header }: RowErrorsProps) {
  const { t } = useTranslation()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const [shown, setShown] = useState(SHOWN_ROWS)
  const [isSaving, setSaving] = useState(false)
  const pages = useInfiniteQuery({
    queryKey: [...IMPORTS, job.id, 'errors', phase],
    queryFn: ({ pageParam }) => rowErrors(job.id, phase, pageParam),
    initialPageParam: 0,
    getNextPageParam: (last) => last.next,
  })
  const all = pages.data?.pages.flatMap((each) => each.errors) ?? []

  async function save() {
    setSaving(true)
    try {
      const file = await failedRowsFile(job, phase, ['Line', 'Error', ...header])
      saveFile(file, `${job.object}-${t(`imports.fileOf.${phase}`)}.csv`)
    } catch (error) {
      message.error(errorText(error))
    } finally {
      setSaving(false)
    }
  }

  const more = {
    ...pages,
    hasNextPage: shown < all.length || pages.hasNextPage,
    fetchNextPage: () => {
      setShown(shown + SHOWN_ROWS)
      if (shown + SHOWN_ROWS > all.length && pages.hasNextPage) void pages.fetchNextPage()
    },
  }
  const columns: Column<RowError>[] = [
    { key: 'line', title: t('imports.line'), className: 'numeric', cell: (row) => row.line },
    { key: 'error', title: t('imports.wrong'), cell: (row) => <Problems row={row} describe={describe} /> },
    ...header.slice(0, MOST_COLUMNS).map((name, at) => ({
      key: `cell-${at}`,
      title: name,
      cell: (row: RowError) => <Cell text={row.cells[at] ?? ''} isWrong={columnsAtFault(job, row.error).has(name)} />,
    })),
  ]
  return (
    <section className="stack" aria-labelledby={`errors-${phase}`}>
      <div className="row">
        <h2 id={`errors-${phase}`} className="push-left">
          {t(`imports.errorsOf.${phase}`)}
        </h2>
        <Button icon={<DownloadOutlined aria-hidden />} loading={isSaving} onClick={() => void save()}>
          {t('imports.download')}
        </Button>
      </div>
      <DataTable
        query={more}
        rows={all.slice(0, shown)}
        columns={columns}
        rowKey={(row) => `${row.line}-${row.id ?? ''}`}
        empty={t('imports.noErrors')}
        label={t(`imports.errorsOf.${phase}`)}
      />
    </section>
  )
}

function Problems({ row, describe }: { row: RowError; describe: ObjectDescribe }) {
  return (
    <div className="row-problems">
      {rowProblems(row.error).map((problem, at) => (
        <OneProblem key={at} problem={problem} describe={describe} />
      ))}
      {row.id !== null && (
        <Link to={`/r/${row.id}`} className="mono small">
          {row.id}
        </Link>
      )}
    </div>
  )
}

/** What is wrong in the reader's language, where its code says it; what the server says of the case below. */
function OneProblem({ problem, describe }: { problem: RowProblem; describe: ObjectDescribe }) {
  const { t } = useTranslation()
  const { code, message } = problem
  const labels = problem.fields.map((name) => describe.fields[name]?.label ?? name)
  const said = code === null ? '' : t(`imports.said.${code}` as never, { defaultValue: '' })
  return (
    <div>
      {(said ? labels.length > 0 : namesNone(message, labels)) && <strong>{labels.join(', ')}: </strong>}
      {said || message}
      {said && <div className="muted small">{message}</div>}
    </div>
  )
}

/** Some messages begin with the field that they are about. */
const namesNone = (message: string, labels: string[]) =>
  labels.length > 0 && !labels.some((label) => message.startsWith(label))

function Cell({ text, isWrong }: { text: string; isWrong: boolean }) {
  return (
    <span className={isWrong ? 'file-cell cell-wrong' : 'file-cell'} title={text}>
      {text}
    </span>
  )
}
