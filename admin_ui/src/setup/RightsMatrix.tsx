// Objects down, rights across.
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { ObjectRight } from '../api/types'
import { OBJECT_RIGHTS } from './permissions'

interface Row {
  name: string
  label: string
}

interface RightsMatrixProps {
  rows: Row[]
  label: string
  empty: string
  cell: (object: Row, right: ObjectRight) => ReactNode
}

export function RightsMatrix({ rows, label, empty, cell }: RightsMatrixProps) {
  const { t } = useTranslation()
  return (
    <div className="card matrix" tabIndex={0}>
      <table className="plain-table" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{t('object.label')}</th>
            {OBJECT_RIGHTS.map((right) => (
              <th key={right} scope="col" className="centre">
                {t(`permission.rights.${right}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((object) => (
            <tr key={object.name}>
              <th scope="row">
                {object.label} <code className="muted small">{object.name}</code>
              </th>
              {OBJECT_RIGHTS.map((right) => (
                <td key={right} className="centre">
                  {cell(object, right)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p className="muted home-none">{empty}</p>}
    </div>
  )
}
