// Messages that partners sent: what came of each, what was wrong with it, the document itself, and once more.
import { EyeOutlined, RedoOutlined } from '@ant-design/icons'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Segmented from 'antd/es/segmented'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import { inbound, replayInbound } from '../api/setup'
import type { InboundMessage } from '../api/types'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { useErrorText } from '../frame/useErrorText'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { InboundContent } from './InboundContent'
import { InboundTry } from './InboundTry'

const STATUSES = ['', 'accepted', 'partial', 'refused'] as const
const COLOURS: Record<string, string> = { accepted: 'green', partial: 'orange', refused: 'red' }

export function InboundPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const reader = useReader()
  const [search, setSearch] = useSearchParams()
  const status = search.get('status') ?? ''
  const [shown, setShown] = useState<InboundMessage | null>(null)
  const [isTrying, setTrying] = useState(false)
  const [replaying, setReplaying] = useState<string | null>(null)
  const page = useInfiniteQuery({
    queryKey: ['setup', 'inbound', status],
    queryFn: ({ pageParam }) => inbound(status === '' ? null : status, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  })
  const labelOf = (value: string) =>
    value === 'accepted' || value === 'partial' || value === 'refused' ? t(`inbound.statuses.${value}`) : value

  async function replay(each: InboundMessage) {
    setReplaying(each.id)
    try {
      const answer = await replayInbound(each.id)
      if (answer.problems.length === 0) message.success(t('inbound.replayed', { count: answer.records.length }))
      else message.warning(answer.problems.map((problem) => problem.message).join(' '))
      await client.invalidateQueries({ queryKey: ['setup', 'inbound'] })
    } catch (error) {
      message.error(errorText(error))
    } finally {
      setReplaying(null)
    }
  }

  const columns: Column<InboundMessage>[] = [
    {
      key: 'received',
      title: t('inbound.received'),
      className: 'tabular',
      cell: (each) => formatDateTime(each.received, reader.language, reader.timeZone),
    },
    { key: 'mapping', title: t('inbound.mapping'), className: 'mono', cell: (each) => each.mapping },
    { key: 'message', title: t('inbound.messageId'), className: 'mono cell-long', cell: (each) => <span title={each.message_id ?? undefined}>{each.message_id ?? '—'}</span> },
    {
      key: 'status',
      title: t('inbound.status'),
      cell: (each) => <Tag color={COLOURS[each.status]}>{labelOf(each.status)}</Tag>,
    },
    { key: 'result', title: t('inbound.result'), className: 'cell-text', cell: (each) => <InboundResult message={each} /> },
    useActionsColumn((each) => (
      <>
        <Button size="small" icon={<EyeOutlined aria-hidden />} onClick={() => setShown(each)}>
          {t('inbound.content')}
        </Button>
        <Button
          size="small"
          icon={<RedoOutlined aria-hidden />}
          loading={replaying === each.id}
          onClick={() => void replay(each)}
        >
          {t('inbound.replay')}
        </Button>
      </>
    )),
  ]

  return (
    <div className="page">
      <PageHeader
        title={t('setup.inbound')}
        actions={<Button onClick={() => setTrying(true)}>{t('inboundTry.open')}</Button>}
      />
      <div className="toolbar">
        <Segmented
          aria-label={t('inbound.status')}
          value={status}
          options={STATUSES.map((each) => ({
            value: each as string,
            label: each === '' ? t('inbound.all') : t(`inbound.statuses.${each}`),
          }))}
          onChange={(value) => setSearch(value === '' ? {} : { status: value })}
        />
      </div>
      <DataTable
        query={page}
        rows={page.data?.pages.flatMap((each) => each.messages) ?? []}
        columns={columns}
        rowKey={(each) => each.id}
        empty={t('inbound.none')}
        hint={t('inbound.noneHint')}
      />
      {isTrying && <InboundTry onClose={() => setTrying(false)} />}
      {shown !== null && <InboundContent message={shown} onClose={() => setShown(null)} />}
    </div>
  )
}

/** What was wrong with a message, and what was made of it. */
function InboundResult({ message }: { message: InboundMessage }) {
  const { t } = useTranslation()
  return (
    <>
      {message.problems.map((problem, index) => (
        <div key={index} className="field-error">
          {problem.line === null ? '' : `${t('inbound.place', { line: problem.line, column: problem.column ?? 1 })} `}
          {problem.message}
        </div>
      ))}
      <span className="tags">
        {message.records.map((id) => (
          <Link key={id} to={`/r/${id}`} className="mono">
            {id}
          </Link>
        ))}
      </span>
    </>
  )
}
