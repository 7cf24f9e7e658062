// All approvals of a record, the newest first, each as a line of what happened, by whom and with which words.
import {
  ArrowUpOutlined,
  BellOutlined,
  CheckOutlined,
  CloseOutlined,
  ForwardOutlined,
  RollbackOutlined,
  SendOutlined,
  SwapOutlined,
} from '@ant-design/icons'
import Tag from 'antd/es/tag'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Approval, HistoryLine, RecordApprovals } from '../api/approvals'
import { ErrorState, Lines } from '../frame/states'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { tidyName } from '../records/names'
import { recordIn } from './attachments'

const ICONS: Record<string, ReactNode> = {
  Started: <SendOutlined aria-hidden />,
  Approved: <CheckOutlined aria-hidden />,
  Rejected: <CloseOutlined aria-hidden />,
  Removed: <RollbackOutlined aria-hidden />,
  Skipped: <ForwardOutlined aria-hidden />,
  Reassigned: <SwapOutlined aria-hidden />,
  Reminded: <BellOutlined aria-hidden />,
  Escalated: <ArrowUpOutlined aria-hidden />,
}
const COLOURS: Record<Approval['status'], string | undefined> = {
  Pending: 'orange',
  Approved: 'green',
  Rejected: 'red',
  Removed: undefined,
}

interface ApprovalHistoryProps {
  query: { data: RecordApprovals | undefined; error: unknown; refetch: () => unknown }
}

export function ApprovalHistory({ query }: ApprovalHistoryProps) {
  const { t } = useTranslation()
  if (query.error) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  if (query.data === undefined) return <Lines />
  return (
    <div className="approvals">
      {query.data.approvals.map((approval) => (
        <section key={approval.id} className="card" aria-label={approval.label}>
          <header>
            <h2>{approval.label}</h2>
            <Tag color={COLOURS[approval.status]}>{t(`approval.statuses.${approval.status}`)}</Tag>
          </header>
          <ol className="happened">
            {approval.history.map((line, index) => (
              <Happened key={index} line={line} />
            ))}
            {approval.requests.map((request) => (
              <li key={request.id} className="happened-open">
                <span className="happened-mark" aria-hidden />
                <div>
                  <strong>{request.label}</strong> · {t('approval.openFor', { name: tidyName(request.asked.name) })}
                </div>
              </li>
            ))}
          </ol>
        </section>
      ))}
    </div>
  )
}

function Attachment({ address }: { address: string }) {
  const record = recordIn(address)
  return record !== null ? (
    <Link to={`/r/${record}`}>{record}</Link>
  ) : (
    <a href={address} target="_blank" rel="noreferrer">
      {address}
    </a>
  )
}

function Happened({ line }: { line: HistoryLine }) {
  const { t } = useTranslation()
  const reader = useReader()
  const asked = line.asked !== null && line.asked.id !== line.by?.id ? tidyName(line.asked.name) : null
  return (
    <li className={`happened-${line.status.toLowerCase()}`}>
      <span className="happened-mark">{ICONS[line.status]}</span>
      <div>
        <div>
          <strong>{t(`approval.lines.${line.status as 'Started'}`, { defaultValue: line.status })}</strong>
          {line.status !== 'Started' && <span> · {line.label}</span>}
        </div>
        <div className="muted small">
          {line.by !== null && <span>{tidyName(line.by.name)} · </span>}
          {asked !== null && <span>{t('approval.askedFor', { name: asked })} · </span>}
          <span className="tabular">{formatDateTime(line.date, reader.language, reader.timeZone)}</span>
          {line.channel === 'link' && <span> · {t('approval.byLink')}</span>}
        </div>
        {line.comments !== null && <p className="request-comment">{line.comments}</p>}
        {line.attachments.map((each) => (
          <p key={each} className="small mono">
            <Attachment address={each} />
          </p>
        ))}
      </div>
    </li>
  )
}
