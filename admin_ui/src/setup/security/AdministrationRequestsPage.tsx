// Acts that wait for a second administrator: decide on others', do one's own that were approved.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { administrationRequests, decideRequest, doApproved, type AdministrationRequest } from '../../api/security'
import { AskDialog } from '../../frame/AskDialog'
import { DataTable, type Column } from '../../frame/DataTable'
import { PageHeader } from '../../frame/PageHeader'
import { useMay } from '../../frame/session'
import { useErrorText } from '../../frame/useErrorText'
import { useReady } from '../../frame/useReady'
import { useReader } from '../../records/fields/useReader'
import { formatDateTime } from '../../records/format'
import { tidyName } from '../../records/names'

const KEY = ['setup', 'administration-requests']
const COLOURS: Record<string, string> = { Waiting: 'orange', Approved: 'green', Done: 'blue', Refused: 'red' }

interface Deciding {
  request: AdministrationRequest
  decision: 'approve' | 'refuse'
}

export function AdministrationRequestsPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const ready = useReady()
  const reader = useReader()
  const mayApprove = useMay('ApproveAdministration')
  const [deciding, setDeciding] = useState<Deciding | null>(null)
  const query = useQuery({ queryKey: KEY, queryFn: administrationRequests })
  const refresh = () => client.invalidateQueries({ queryKey: ['setup'] })

  async function carryOut(request: AdministrationRequest) {
    try {
      await doApproved(request)
      if (request.act === 'login_as') window.location.assign('/')
      ready(t('fourEyes.done'))
      await refresh()
    } catch (error) {
      message.error(errorText(error))
    }
  }

  const columns: Column<AdministrationRequest>[] = [
    {
      key: 'what',
      title: t('fourEyes.what'),
      cell: (each) => (
        <>
          {t(`policy.four_eyes.${each.act}`, { defaultValue: each.act })}
          <div className="muted small">{each.summary}</div>
        </>
      ),
    },
    { key: 'who', title: t('fourEyes.who'), cell: (each) => tidyName(each.requester.name) },
    {
      key: 'when',
      title: t('fourEyes.when'),
      className: 'tabular',
      cell: (each) => formatDateTime(each.created, reader.language, reader.timeZone),
    },
    {
      key: 'status',
      title: t('fourEyes.status'),
      cell: (each) => <Tag color={COLOURS[each.status]}>{t(`fourEyes.statuses.${each.status}`)}</Tag>,
    },
    {
      key: 'decision',
      title: t('fourEyes.decision'),
      cell: (each) => (each.decider ? tidyName(each.decider.name) : '—'),
    },
    {
      key: 'actions',
      title: '',
      className: 'cell-actions',
      cell: (each) => (
        <span className="row-tight">
          {each.status === 'Waiting' && !each.own && mayApprove && (
            <>
              <Button size="small" type="primary" onClick={() => setDeciding({ request: each, decision: 'approve' })}>
                {t('fourEyes.approve')}
              </Button>
              <Button size="small" onClick={() => setDeciding({ request: each, decision: 'refuse' })}>
                {t('fourEyes.refuse')}
              </Button>
            </>
          )}
          {each.status === 'Approved' && each.own && (
            <Button size="small" type="primary" onClick={() => void carryOut(each)}>
              {t('fourEyes.doIt')}
            </Button>
          )}
        </span>
      ),
    },
  ]

  return (
    <div className="page">
      <PageHeader title={t('fourEyes.title')} />
      <DataTable
        query={query}
        rows={query.data?.requests ?? []}
        columns={columns}
        rowKey={(each) => each.id}
        empty={t('fourEyes.none')}
        hint={t('fourEyes.hint')}
      />
      {deciding !== null && (
        <DecideDialog
          {...deciding}
          onDone={() => {
            setDeciding(null)
            void refresh()
          }}
          onClose={() => setDeciding(null)}
        />
      )}
    </div>
  )
}

function DecideDialog({ request, decision, onDone, onClose }: Deciding & { onDone: () => void; onClose: () => void }) {
  const { t } = useTranslation()
  const [comments, setComments] = useState('')
  return (
    <AskDialog
      title={t(`fourEyes.${decision}Title`)}
      okText={t(`fourEyes.${decision}`)}
      isDanger={decision === 'refuse'}
      width={620}
      onAct={async () => {
        await decideRequest(request.id, decision, comments)
        onDone()
      }}
      onClose={onClose}
    >
      <p className="muted">{t('fourEyes.content')}</p>
      <pre className="request-content">
        {request.method} {request.path}
        {request.body && `\n${pretty(request.body)}`}
      </pre>
      <div className="field">
        <label htmlFor="decision-comments">{t('fourEyes.comments')}</label>
        <Input
          id="decision-comments"
          maxLength={255}
          value={comments}
          onChange={(event) => setComments(event.target.value)}
        />
      </div>
    </AskDialog>
  )
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}
