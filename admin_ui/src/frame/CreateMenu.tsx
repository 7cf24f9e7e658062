// "New": every object of the app that this user may create. Which these are is asked when the menu opens.
import { PlusOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Dropdown from 'antd/es/dropdown'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { useDescribes } from '../api/queries'
import { MetadataIcon } from './MetadataIcon'
import { objectTabs, useApp } from './tabs'
import { useIsPhone } from './useMedia'
import { useShortcut } from './useShortcut'

export function CreateMenu() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const app = useApp()
  const isPhone = useIsPhone()
  const [isOpen, setOpen] = useState(false)
  useShortcut('c', () => setOpen(true))

  const tabs = app ? objectTabs([app]) : []
  const describes = useDescribes(
    tabs.map((tab) => tab.name),
    isOpen,
  )
  const createable = describes.flatMap((query) => (query.data?.permissions.create ? [query.data] : []))
  const isLoading = describes.some((query) => query.isPending)
  const items = createable.map((object) => ({
    key: object.name,
    label: object.label,
    icon: <MetadataIcon name={object.icon} />,
  }))
  if (items.length === 0) {
    items.push({ key: '', label: isLoading ? t('state.loading') : t('frame.nothingToCreate'), icon: <></> })
  }

  if (tabs.length === 0) return null
  return (
    <Dropdown
      trigger={['click']}
      open={isOpen}
      onOpenChange={setOpen}
      autoFocus
      menu={{
        items,
        onClick: ({ key }) => {
          setOpen(false)
          if (key !== '') void navigate(`/o/${key}/new`)
        },
      }}
    >
      <Button type="primary" icon={<PlusOutlined aria-hidden />} aria-label={t('frame.create')}>
        {isPhone ? null : t('frame.create')}
      </Button>
    </Dropdown>
  )
}
