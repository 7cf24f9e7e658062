// How long each journal is kept, what must not go, where the journal is sent.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import InputNumber from 'antd/es/input-number'
import { useTranslation } from 'react-i18next'
import { keepFor, releaseHold, retention, type Hold, type Period } from '../api/audit'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { useErrorText } from '../frame/useErrorText'
import { HoldForm } from './HoldForm'
import { JournalExports } from './JournalExports'
import { useMoment } from './useMoment'

const KEY = ['setup', 'retention']
const MOST_MONTHS = 1200

export function Retention() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const moment = useMoment()
  const kept = useQuery({ queryKey: KEY, queryFn: retention })

  async function act(work: () => Promise<unknown>) {
    try {
      await work()
    } catch (error) {
      message.error(errorText(error))
    }
    await client.invalidateQueries({ queryKey: KEY })
  }

  const periods: Column<Period>[] = [
    { key: 'journal', title: t('audit.journal'), cell: (row) => row.journal },
    {
      key: 'months',
      title: t('audit.months'),
      cell: (row) => (
        <InputNumber
          key={row.months}
          min={row.floor}
          max={MOST_MONTHS}
          precision={0}
          defaultValue={row.months ?? undefined}
          placeholder={t('audit.forEver')}
          aria-label={t('audit.monthsOf', { journal: row.journal })}
          onBlur={(event) => {
            const text = event.target.value.trim()
            const months = text === '' ? null : Number(text)
            if (months !== row.months) void act(() => keepFor(row.journal, months))
          }}
        />
      ),
    },
    { key: 'floor', title: t('audit.floor'), className: 'numeric', cell: (row) => row.floor },
  ]
  const holds: Column<Hold>[] = [
    { key: 'scope', title: t('audit.hold'), cell: (row) => t(`audit.scopes.${row.scope}`) },
    { key: 'subject', title: t('audit.subject'), className: 'mono', cell: (row) => row.subject ?? '—' },
    { key: 'reason', title: t('audit.reason'), cell: (row) => row.reason },
    { key: 'placed', title: t('audit.from'), className: 'tabular', cell: (row) => moment(row.placed_at) },
    { key: 'released', title: t('audit.to'), className: 'tabular', cell: (row) => moment(row.released_at) },
    useActionsColumn((row) =>
      row.released_at === null ? (
        <Button size="small" danger onClick={() => void act(() => releaseHold(row.id))}>
          {t('audit.release')}
        </Button>
      ) : null,
    ),
  ]

  return (
    <div className="stack">
      <p className="muted">{t('audit.retentionHint')}</p>
      <DataTable
        query={kept}
        rows={kept.data?.journals ?? []}
        columns={periods}
        rowKey={(row) => row.journal}
        empty={t('audit.none')}
        label={t('audit.tabs.retention')}
      />
      <h2>{t('audit.holds')}</h2>
      <HoldForm onPlace={act} />
      <DataTable
        query={kept}
        rows={kept.data?.holds ?? []}
        columns={holds}
        rowKey={(row) => row.id}
        empty={t('audit.noHolds')}
        label={t('audit.holds')}
      />
      <JournalExports />
    </div>
  )
}
