// Runs of flows: when, which, how it ended and why; what failed can be run again by who may.
import { RedoOutlined } from '@ant-design/icons'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { replayRun } from '../api/automation'
import { list } from '../api/endpoints'
import { useDescribe } from '../api/queries'
import type { Filter, ListRecord } from '../api/types'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { useMay } from '../frame/session'
import { useErrorText } from '../frame/useErrorText'
import { useReady } from '../frame/useReady'
import { useReader } from '../records/fields/useReader'
import { formatDateTime, labelOfValue } from '../records/format'

const RUNS = 'FlowRun'
const PAGE = 30
const COLUMNS = [
  'CreatedDate',
  'FlowName',
  'Trigger',
  'Status',
  'ChangedCount',
  'Milliseconds',
  'Attempts',
  'FailedStep',
  'Error',
  'Chain',
]
const COLOURS: Record<string, string> = { Succeeded: 'green', Failed: 'red', Refused: 'red', Retrying: 'orange' }

interface FlowRunTableProps {
  filters: Filter[]
  queryKey: readonly unknown[]
  empty: string
  hint?: string
}

export function FlowRunTable({ filters, queryKey, empty, hint }: FlowRunTableProps) {
  const { t } = useTranslation()
  const reader = useReader()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const ready = useReady()
  const mayReplay = useMay('ManageMetadata')
  const describe = useDescribe(RUNS)
  const runs = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) =>
      list(RUNS, {
        columns: COLUMNS,
        filters,
        logic: null,
        owner: 'everyone',
        order_by: [{ field: 'CreatedDate', descending: true }],
        search: null,
        limit: PAGE,
        after: pageParam,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })

  async function replay(run: ListRecord) {
    try {
      await replayRun(run.id)
      ready(t('flow.replayed'))
      await client.invalidateQueries({ queryKey })
    } catch (error) {
      message.error(errorText(error))
    }
  }

  const text = (run: ListRecord, name: string) => String(run.values[name] ?? '')
  /** The label that the picklist has in the user's language. */
  function picked(run: ListRecord, name: string): string {
    const field = describe.data?.fields[name]
    return field === undefined ? text(run, name) : labelOfValue(field, text(run, name))
  }

  const columns: Column<ListRecord>[] = [
    {
      key: 'started',
      title: t('flow.started'),
      className: 'tabular',
      cell: (run) => (
        <Link to={`/r/${run.id}`}>{formatDateTime(text(run, 'CreatedDate'), reader.language, reader.timeZone)}</Link>
      ),
    },
    {
      key: 'flow',
      title: t('flow.flow'),
      cell: (run) => (
        <>
          <Link className="mono" to={`/admin/logic/flow/${encodeURIComponent(text(run, 'FlowName'))}`}>
            {text(run, 'FlowName')}
          </Link>
          <div className="muted small">{picked(run, 'Trigger')}</div>
        </>
      ),
    },
    {
      key: 'status',
      title: t('flow.status'),
      cell: (run) => <Tag color={COLOURS[text(run, 'Status')]}>{picked(run, 'Status')}</Tag>,
    },
    {
      key: 'what',
      title: t('flow.what'),
      cell: (run) => (
        <>
          {run.values.ChangedCount !== null && t('flow.changed', { count: Number(run.values.ChangedCount ?? 0) })}
          {run.values.Error !== null && run.values.Error !== undefined && (
            <div className="flow-error">
              {text(run, 'FailedStep') !== '' && <strong>{text(run, 'FailedStep')}: </strong>}
              {text(run, 'Error')}
            </div>
          )}
          {text(run, 'Chain') !== '' && (
            <div className="muted small">{t('flow.chain', { chain: text(run, 'Chain') })}</div>
          )}
        </>
      ),
    },
    useActionsColumn(
      (run) =>
        mayReplay &&
        run.values.Status === 'Failed' && (
          <Button
            size="small"
            icon={<RedoOutlined aria-hidden />}
            aria-label={t('flow.replayOf', { flow: text(run, 'FlowName') })}
            onClick={() => void replay(run)}
          >
            {t('flow.replay')}
          </Button>
        ),
    ),
  ]

  return (
    <DataTable
      query={runs}
      rows={runs.data?.pages.flatMap((page) => page.records) ?? []}
      columns={columns}
      rowKey={(run) => run.id}
      empty={empty}
      hint={hint}
    />
  )
}
