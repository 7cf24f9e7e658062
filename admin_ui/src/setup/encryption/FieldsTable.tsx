// The fields whose values are stored as ciphertext, and how far those are that are being changed.
import Button from 'antd/es/button'
import Progress from 'antd/es/progress'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import type { Conversion, EncryptedField } from '../../api/encryption'
import { DataTable, LOADED, useActionsColumn, type Column } from '../../frame/DataTable'
import { useFieldColumns } from '../fieldColumns'
import { percentOf } from './progress'

interface FieldsTableProps {
  fields: EncryptedField[]
  conversions: Conversion[]
  onClear: (field: EncryptedField) => void
}

export function FieldsTable({ fields, conversions, onClear }: FieldsTableProps) {
  const { t } = useTranslation()
  const running = new Map(conversions.filter((each) => each.finished === null).map((each) => [each.field, each]))

  const columns: Column<EncryptedField>[] = [
    ...useFieldColumns<EncryptedField>(({ label, field }) => ({ label, name: field.split('.')[1] ?? field })),
    {
      key: 'found',
      title: t('encryption.found'),
      cell: (field) => t(field.found ? 'encryption.byValue' : 'encryption.notFound'),
    },
    { key: 'state', title: t('encryption.state'), cell: (field) => <State conversion={running.get(field.field)} /> },
    useActionsColumn((field) =>
      field.own && !running.has(field.field) ? (
        <Button size="small" onClick={() => onClear(field)}>
          {t('encryption.clear')}
        </Button>
      ) : null,
    ),
  ]
  return (
    <DataTable
      query={LOADED}
      rows={fields}
      columns={columns}
      rowKey={(field) => field.field}
      empty={t('encryption.noFields')}
      hint={t('encryption.noFieldsHint')}
      label={t('encryption.fields')}
    />
  )
}

function State({ conversion }: { conversion: Conversion | undefined }) {
  const { t } = useTranslation()
  if (conversion === undefined) return <Tag color="green">{t('encryption.encrypted')}</Tag>
  const said = t(conversion.seals ? 'encryption.encrypting' : 'encryption.clearing')
  return (
    <>
      <span className="small">{said}</span>
      <Progress percent={percentOf(conversion)} size="small" status="active" aria-label={said} />
    </>
  )
}
