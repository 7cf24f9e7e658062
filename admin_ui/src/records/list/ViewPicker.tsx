// The list's title is the choice of its saved view.
import { DownOutlined } from '@ant-design/icons'
import Dropdown from 'antd/es/dropdown'
import { useTranslation } from 'react-i18next'
import type { ListView, ObjectDescribe } from '../../api/types'
import type { ListState } from '../urlState'

interface ViewPickerProps {
  describe: ObjectDescribe
  view: ListView | null
  isChanged: boolean
  onChange: (next: Partial<ListState>) => void
}

export function ViewPicker({ describe, view, isChanged, onChange }: ViewPickerProps) {
  const { t } = useTranslation()
  if (describe.list_views.length === 0) return <>{t('list.all', { object: describe.plural_label })}</>
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        selectedKeys: view ? [view.name] : [],
        items: describe.list_views.map((each) => ({ key: each.name, label: each.label })),
        onClick: ({ key }) =>
          onChange({ view: key, columns: null, filters: null, logic: null, owner: null, order: null }),
      }}
    >
      <button type="button" className="view-picker" aria-label={t('list.view', { view: view?.label ?? '' })}>
        <span className="ellipsis">{view?.label}</span>
        {isChanged && <span className="view-changed" title={t('list.viewChanged')} aria-hidden />}
        <DownOutlined aria-hidden />
      </button>
    </Dropdown>
  )
}
