// Where the journal is sent as it is sealed: a syslog server, storage that speaks S3.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  addJournalExport,
  journalExports,
  removeJournalExport,
  type ExportDraft,
  type JournalExport,
} from '../api/audit'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { useErrorText } from '../frame/useErrorText'
import { ToolbarInput } from './ToolbarInput'
import { useMoment } from './useMoment'

const KEY = ['setup', 'journal-exports']

export function JournalExports() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const moment = useMoment()
  const all = useQuery({ queryKey: KEY, queryFn: journalExports })

  async function act(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      await client.invalidateQueries({ queryKey: KEY })
      return true
    } catch (error) {
      message.error(errorText(error))
      return false
    }
  }

  const columns: Column<JournalExport>[] = [
    { key: 'label', title: t('audit.label'), cell: (row) => row.label },
    { key: 'url', title: t('audit.target'), className: 'mono', cell: (row) => row.target.url },
    { key: 'sent', title: t('audit.entries'), className: 'numeric', cell: (row) => row.sent },
    { key: 'last', title: t('audit.last'), className: 'tabular', cell: (row) => moment(row.last_sent_at) },
    { key: 'error', title: t('audit.error'), cell: (row) => row.last_error ?? '—' },
    useActionsColumn((row) => (
      <Button size="small" danger onClick={() => void act(() => removeJournalExport(row.id))}>
        {t('audit.stopSending')}
      </Button>
    )),
  ]

  return (
    <>
      <h2>{t('audit.exports')}</h2>
      <NewExport onAdd={(draft) => act(() => addJournalExport(draft))} />
      <DataTable
        query={all}
        rows={all.data?.exports ?? []}
        columns={columns}
        rowKey={(row) => row.id}
        empty={t('audit.noExports')}
        label={t('audit.exports')}
      />
    </>
  )
}

const FIELDS = ['label', 'url', 'region', 'access_key', 'secret'] as const
const STORAGE_ONLY = ['region', 'access_key', 'secret']

function NewExport({ onAdd }: { onAdd: (draft: ExportDraft) => Promise<boolean> }) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState<ExportDraft>({})
  const isStorage = draft.url?.startsWith('http') ?? false
  const shown = FIELDS.filter((name) => isStorage || !STORAGE_ONLY.includes(name))

  async function add() {
    if (await onAdd({ ...draft, kind: isStorage ? 'storage' : 'syslog' })) setDraft({})
  }

  return (
    <div className="toolbar">
      {shown.map((name) => (
        <ToolbarInput
          key={name}
          type={name === 'secret' ? 'password' : 'text'}
          label={t(`audit.exportFields.${name}`)}
          value={draft[name] ?? ''}
          onChange={(text) => setDraft({ ...draft, [name]: text })}
        />
      ))}
      <Button disabled={!draft.label || !draft.url} onClick={() => void add()}>
        {t('audit.addExport')}
      </Button>
    </div>
  )
}
