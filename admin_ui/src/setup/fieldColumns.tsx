// The first two columns of a table of fields: of which object, and which, by its label and its name.
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Column } from '../frame/DataTable'

interface Named {
  label: string
  name: string
}

export function useFieldColumns<Row extends { object: string; object_label: string }>(
  named: (row: Row) => Named,
): Column<Row>[] {
  const { t } = useTranslation()
  return [
    {
      key: 'object',
      title: t('dictionary.object'),
      cell: (row) => <Link to={`/admin/objects/${row.object}`}>{row.object_label}</Link>,
    },
    {
      key: 'field',
      title: t('dictionary.field'),
      cell: (row) => {
        const { label, name } = named(row)
        return (
          <>
            {label}
            <div className="mono small">{name}</div>
          </>
        )
      },
    },
  ]
}
