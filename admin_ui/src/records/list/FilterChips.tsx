// What narrows the list, each condition as a tag that can be taken away.
import Button from 'antd/es/button'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import type { Filter, ListRequest, ObjectDescribe } from '../../api/types'
import type { ListState } from '../urlState'
import { ConditionText } from './ConditionText'

interface FilterChipsProps {
  describe: ObjectDescribe
  request: ListRequest
  onChange: (next: Partial<ListState>) => void
  onEdit: () => void
}

export function FilterChips({ describe, request, onChange, onEdit }: FilterChipsProps) {
  const { t } = useTranslation()
  if (request.filters.length === 0) return null

  function without(filter: Filter) {
    // The logic counts the conditions: without one of them it would mean something else.
    onChange({ filters: request.filters.filter((each) => each !== filter), logic: '' })
  }

  return (
    <div className="chips">
      <ul className="chips" aria-label={t('list.filters')}>
        {request.filters.map((filter, index) => (
          <li key={index}>
            <Tag
              variant="outlined"
              closable
              closeIcon={<span aria-label={t('filter.remove')}>×</span>}
              onClose={() => without(filter)}
            >
              <button type="button" className="chip-text" onClick={onEdit}>
                <ConditionText describe={describe} filter={filter} />
              </button>
            </Tag>
          </li>
        ))}
      </ul>
      {request.logic && <code className="muted">{request.logic}</code>}
      <Button type="link" size="small" onClick={() => onChange({ filters: [], logic: '' })}>
        {t('list.clearFilters')}
      </Button>
    </div>
  )
}
