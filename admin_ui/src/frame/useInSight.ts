// Whether an element has scrolled into sight once; what is below the fold need not load.
import { useEffect, useRef, useState, type RefObject } from 'react'

export function useInSight(): [RefObject<HTMLElement | null>, boolean] {
  const element = useRef<HTMLElement>(null)
  const [isInSight, setInSight] = useState(false)
  useEffect(() => {
    if (isInSight || element.current === null) return
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setInSight(true)
      },
      { rootMargin: '200px' },
    )
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [isInSight])
  return [element, isInSight]
}
