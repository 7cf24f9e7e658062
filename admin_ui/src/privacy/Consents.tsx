// What people agreed to, by purpose and channel; what they said last counts.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { consentModels, type ConsentModel } from '../api/privacy'
import { DataTable, LOADED, type Column } from '../frame/DataTable'
import { EmptyState, ErrorState, Lines } from '../frame/states'
import { CONSENTS } from './keys'

type Figure = ConsentModel['figures'][number]

export function Consents() {
  const { t } = useTranslation()
  const models = useQuery({ queryKey: CONSENTS, queryFn: consentModels })
  if (models.error) return <ErrorState error={models.error} onRetry={() => void models.refetch()} />
  if (models.data === undefined) return <Lines />
  if (models.data.models.length === 0)
    return <EmptyState title={t('privacy.noModels')} hint={t('privacy.noModelsHint')} />
  return (
    <div className="stack">
      {models.data.models.map((model) => (
        <Model key={model.name} model={model} />
      ))}
    </div>
  )
}

function Model({ model }: { model: ConsentModel }) {
  const { t } = useTranslation()
  const columns: Column<Figure>[] = [
    { key: 'purpose', title: t('privacy.purpose'), cell: (row) => row.purpose ?? t('privacy.noPurpose') },
    { key: 'channel', title: t('privacy.channel'), cell: (row) => row.channel ?? t('privacy.allChannels') },
    { key: 'agreed', title: t('privacy.agreed'), className: 'numeric tabular', cell: (row) => row.agreed },
    { key: 'others', title: t('privacy.notAgreed'), className: 'numeric tabular', cell: (row) => row.others },
  ]
  return (
    <section className="stack" aria-label={model.label}>
      <h2>{model.label}</h2>
      <DataTable
        query={LOADED}
        rows={model.figures}
        columns={columns}
        rowKey={(row) => `${row.purpose} ${row.channel}`}
        empty={t('privacy.nobodySpoke')}
        label={model.label}
      />
      {model.restriction !== null && (
        <p className="muted">{t('privacy.restricted', { count: model.restriction.people })}</p>
      )}
    </section>
  )
}
