// Org-wide defaults: objects down, the tenant's own people and partners across; a change asks first.
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Checkbox from 'antd/es/checkbox'
import Select from 'antd/es/select'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sharingDefaults, type DefaultDraft, type SharingDefault } from '../api/sharing'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { useMay } from '../frame/session'
import { SearchBox } from '../frame/SearchBox'
import { DefaultDialog } from './DefaultDialog'
import { DEFAULTS, SIDES, WIDTHS, withSide, type Side } from './defaults'

interface Change {
  object: SharingDefault
  /** None goes back to what the package says. */
  draft: DefaultDraft | null
}

export function Defaults() {
  const { t } = useTranslation()
  const mayChange = useMay('ManageSharing')
  const [q, setQ] = useState('')
  const [onlyOwn, setOnlyOwn] = useState(false)
  const [change, setChange] = useState<Change | null>(null)
  const all = useQuery({ queryKey: DEFAULTS, queryFn: sharingDefaults })
  const rows = (all.data?.objects ?? []).filter(
    (object) =>
      `${object.label} ${object.name}`.toLowerCase().includes(q.toLowerCase()) && (!onlyOwn || object.own),
  )

  const sideColumn = (side: Side): Column<SharingDefault> => ({
    key: side,
    title: t(`sharing.sides.${side}`),
    cell: (object) =>
      object.by_parent || !mayChange ? (
        <span className={object.by_parent ? 'muted' : undefined}>{t(`object.sharings.${object[side]}`)}</span>
      ) : (
        <Select
          className="default-select"
          variant="filled"
          aria-label={`${object.label}: ${t(`sharing.sides.${side}`)}`}
          value={object[side]}
          options={WIDTHS.map((value) => ({ value, label: t(`object.sharings.${value}`) }))}
          onChange={(value) => setChange({ object, draft: withSide(object, side, value) })}
        />
      ),
  })

  const columns: Column<SharingDefault>[] = [
    {
      key: 'object',
      title: t('sharing.object'),
      cell: (object) => (
        <>
          {object.label}
          <div className="mono small">{object.name}</div>
        </>
      ),
    },
    ...SIDES.map(sideColumn),
    useActionsColumn((object) => (
      <span className="row">
        {object.own && <Tag color="cyan">{t('setup.own')}</Tag>}
        {object.own && mayChange && (
          <Button
            size="small"
            aria-label={t('sharing.backOf', { object: object.label })}
            onClick={() => setChange({ object, draft: null })}
          >
            {t('sharing.back')}
          </Button>
        )}
      </span>
    )),
  ]

  return (
    <div className="stack">
      <p className="muted">{t('sharing.defaultsLead')}</p>
      <div className="toolbar">
        <SearchBox value={q} label={t('object.search')} onChange={setQ} />
        <Checkbox checked={onlyOwn} onChange={(event) => setOnlyOwn(event.target.checked)}>
          {t('sharing.onlyOwn')}
        </Checkbox>
      </div>
      <DataTable
        query={all}
        rows={rows}
        columns={columns}
        rowKey={(object) => object.name}
        empty={q === '' ? t('sharing.noOwn') : t('frame.nothingFound', { q })}
        label={t('sharing.defaults')}
      />
      {change !== null && <DefaultDialog {...change} onClose={() => setChange(null)} />}
    </div>
  )
}
